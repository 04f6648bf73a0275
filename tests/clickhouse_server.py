"""ClickHouse's own engine (chdb) behind the part of its HTTP protocol that clickhouse-connect speaks.

A process of its own, as a server is: `python -m tests.clickhouse_server FOLDER` prints the port it listens on. One
statement runs at a time. Told to break (`BREAK`, below), it behaves as a server does that is lost in the middle.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

BREAK: Final = b"-- break after "
"""A statement that begins so makes the server do the next insert into the named table and then hang up instead of
answering."""
_NOT_SETTINGS: Final = {
    "query", "database", "query_id", "session_id", "session_check", "session_timeout", "default_format", "compress",
    "decompress", "buffer_size", "wait_end_of_query", "client_protocol_version", "role", "quota_key",
}  # fmt: skip


@dataclass
class ClickHouse:
    """A running server. Stopped by its own process id."""

    url: str
    port: int
    process: subprocess.Popen[str]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[ClickHouse]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.clickhouse_server", str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield ClickHouse(f"clickhouse://default@127.0.0.1:{port}/regulars", port, process)
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def break_after(url: str, table: str) -> None:
    """Tells a running server to be lost as soon as it has done the next insert into a table."""
    port = urlsplit(url).port
    assert port is not None
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/", BREAK + table.encode())
    assert connection.getresponse().status == 200
    connection.close()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: str) -> None:
        from chdb.session import Session

        super().__init__(("127.0.0.1", 0), Handler)
        self.session: Any = Session(folder)  # type: ignore[no-untyped-call]
        self.lock = threading.Lock()
        self.break_after: str | None = None
        self.set: set[str] = set()

    def answer(self, statement: bytes, database: str | None, settings: dict[str, str], default_format: str) -> bytes:
        with self.lock:
            for name in self.set - settings.keys():
                self.session.query(f"SET {name} = DEFAULT")
            for name, value in settings.items():
                self.session.query(f"SET {name} = '{value}'")
            self.set = set(settings)
            self.session.query(f"USE `{database or 'default'}`")
            answer: bytes = self.session.query(statement, default_format).bytes()
            return answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._respond(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        body = self._chunks() if length is None else self.rfile.read(int(length))
        match self.headers.get("Content-Encoding"):
            case "gzip":
                body = gzip.decompress(body)
            case "lz4":
                import lz4.frame

                body = lz4.frame.decompress(body)
            case "zstd":
                from backports import zstd

                body = zstd.decompress(body)
        self._respond(body)

    def _chunks(self) -> bytes:
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def _respond(self, body: bytes) -> None:
        given = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        statement = given["query"].encode() + b"\n" + body if "query" in given else body
        if statement.startswith(BREAK):
            self.server.break_after = statement.removeprefix(BREAK).decode()
            self._send(200, b"")
            return
        settings = {name: value for name, value in given.items() if name not in _NOT_SETTINGS}
        try:
            answer = self.server.answer(
                statement, given.get("database"), settings, given.get("default_format", "TabSeparated")
            )
        except Exception as error:
            code = re.search(r"Code: (\d+)", str(error))
            self._send(500, str(error).encode(), code[1] if code else "1")
            return
        wanted = self.server.break_after
        if wanted is not None and re.match(rb"\s*INSERT INTO \S*" + wanted.encode(), statement):
            self.server.break_after = None
            self.close_connection = True
            return
        self._send(200, answer)

    def _send(self, status: int, body: bytes, code: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Summary", "{}")
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def main() -> None:
    server = Server(sys.argv[1])
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
