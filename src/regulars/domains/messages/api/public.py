"""Where the links in mail lead. No cookies, no sign-in: a signed token says which message it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from regulars.domains.messages.api.page import ask, done, stranger
from regulars.domains.messages.model import Signer, TokenUnknown
from regulars.domains.messages.service import responses
from regulars.platform.http.door import VISITOR
from regulars.platform.unit import Units

PICTURE: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def routes(units: Units, signer: Signer) -> Sequence[Route]:
    doors = _Doors(units, signer)
    return [
        Route("/t/c/{token}", doors.click, methods=["GET"]),
        Route("/t/o/{token}.gif", doors.opening, methods=["GET"]),
        Route("/u/{token}", doors.way_out, methods=["GET"]),
        Route("/u/{token}", doors.unsubscribe, methods=["POST"]),
    ]


class _Doors:
    def __init__(self, units: Units, signer: Signer) -> None:
        self._units = units
        self._signer = signer

    async def click(self, request: Request) -> Response:
        try:
            async with self._units.open(VISITOR) as unit:
                url = await responses.follow_link(
                    unit, self._signer, request.path_params["token"], method=request.method, agent=_agent(request)
                )
        except TokenUnknown:
            return _page(stranger(), status=404)
        return RedirectResponse(url, status_code=302, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})

    async def opening(self, request: Request) -> Response:
        """A HEAD fetches no picture and opens nothing."""
        token = request.path_params["token"]
        try:
            async with self._units.open(VISITOR) as unit:
                if request.method == "GET":
                    await responses.note_opening(unit, self._signer, token, agent=_agent(request))
        except TokenUnknown:
            return Response(status_code=404)
        return Response(PICTURE, media_type="image/gif", headers={"Cache-Control": "no-store, private"})

    async def way_out(self, request: Request) -> Response:
        """Shows a page and changes nothing: scanners and previews fetch every address they see."""
        try:
            async with self._units.open(VISITOR) as unit:
                found = await responses.way_out(unit, self._signer, request.path_params["token"])
        except TokenUnknown:
            return _page(stranger(), status=404)
        return _page(ask(company=found.company_name, topic=found.topic, address=found.address))

    async def unsubscribe(self, request: Request) -> Response:
        """The one click of RFC 8058, and the page's own button: both post here, neither needs a cookie."""
        everything = request.query_params.get("all") == "1"
        try:
            async with self._units.open(VISITOR) as unit:
                found = await responses.unsubscribe(
                    unit, self._signer, request.path_params["token"], from_everything=everything
                )
        except TokenUnknown:
            return _page(stranger(), status=404)
        return _page(done(company=found.company_name, topic=found.topic, everything=everything))


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _page(html: str, *, status: int = 200) -> Response:
    headers = {
        "Content-Security-Policy": PAGE_POLICY,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }
    return HTMLResponse(html, status_code=status, headers=headers)
