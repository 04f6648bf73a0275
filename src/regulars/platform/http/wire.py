"""HTTP/1.1 as it comes off the wire, with two limits that uvicorn leaves out: how large the head of a request may be,
and how long it may take. Without them a stranger fills the memory with one header, or the connections with silence."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

head_bytes_max: Final = 64 * 1024
head_timeout_s: Final = 30.0
_REFUSAL: Final = "HTTP/1.1 {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    """The limit of the head is kept to within one read from the socket."""

    _in_head = True
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # What came before the head in the same read belongs to the request before it.
        began_in_head = self._in_head
        super().data_received(data)
        if not (began_in_head and self._in_head):
            return
        self._head_bytes += len(data)
        if self._head_bytes > head_bytes_max:
            self._refuse("431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._end_waiting()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._in_head = True
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(head_timeout_s, self._refuse, "408 Request Timeout")

    def _end_waiting(self) -> None:
        timer, self._head_timer = self._head_timer, None
        if timer is not None:
            timer.cancel()

    def _refuse(self, status: str) -> None:
        self._end_waiting()
        if not self.transport.is_closing():
            self.transport.write(_REFUSAL.format(status).encode())
            self.transport.close()
