"""Where the links in mail lead. No cookies, no sign-in: a signed token says which message it was."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from regulars.domains.messages.api.page import ask, done, stranger
from regulars.domains.messages.model import MailSettings, Signer, TokenUnknown
from regulars.domains.messages.service import responses
from regulars.platform.http.door import VISITOR
from regulars.platform.unit import Unit, Units

PICTURE: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def public_routes() -> Sequence[Route]:
    """They find the `MailSettings` at `app.state.mail`. Each proves the token in its path by itself."""
    return [
        Route("/t/c/{token}", _click, methods=["GET"]),
        Route("/t/o/{token}.gif", _opening, methods=["GET"]),
        Route("/u/{token}", _way_out, methods=["GET"]),
        Route("/u/{token}", _unsubscribe, methods=["POST"]),
    ]


async def _click(request: Request) -> Response:
    try:
        async with _unit(request) as unit:
            url = await responses.follow_link(
                unit, _signer(request), _token(request), method=request.method, agent=_agent(request)
            )
    except TokenUnknown:
        return _page(stranger(), status=404)
    return RedirectResponse(url, status_code=302, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


async def _opening(request: Request) -> Response:
    """A HEAD fetches no picture and opens nothing."""
    try:
        async with _unit(request) as unit:
            if request.method == "GET":
                await responses.note_opening(unit, _signer(request), _token(request), agent=_agent(request))
    except TokenUnknown:
        return Response(status_code=404)
    return Response(PICTURE, media_type="image/gif", headers={"Cache-Control": "no-store, private"})


async def _way_out(request: Request) -> Response:
    """Shows a page and changes nothing: scanners and previews fetch every address they see."""
    try:
        async with _unit(request) as unit:
            found = await responses.way_out(unit, _signer(request), _token(request))
    except TokenUnknown:
        return _page(stranger(), status=404)
    return _page(ask(company=found.company_name, topic=found.topic, address=found.address))


async def _unsubscribe(request: Request) -> Response:
    """The one click of RFC 8058, and the page's own buttons: both post here, neither needs a cookie."""
    everything = request.query_params.get("all") == "1"
    try:
        async with _unit(request) as unit:
            found = await responses.unsubscribe(unit, _signer(request), _token(request), from_everything=everything)
    except TokenUnknown:
        return _page(stranger(), status=404)
    return _page(done(company=found.company_name, topic=found.topic, everything=everything))


def _unit(request: Request) -> AbstractAsyncContextManager[Unit]:
    units: Units = request.app.state.units
    return units.open(VISITOR)


def _signer(request: Request) -> Signer:
    mail: MailSettings = request.app.state.mail
    return mail.signer


def _token(request: Request) -> str:
    return str(request.path_params["token"])


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
