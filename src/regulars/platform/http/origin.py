"""Did a page of ours send this, or did another site make a browser send it?"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from regulars.shared.errors import Refused

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
REQUEST_HEADER: Final = "x-regulars-request"


class OtherSite(Refused):
    """This request comes from a page of another site."""


class NotOurPage(Refused):
    """A change made with a session needs the header X-Regulars-Request: 1 and the Origin of our own pages."""


def refuse_other_sites(request: Request) -> None:
    """Programs name no origin and pass; a browser always tells, and must name ours."""
    if request.method not in SAFE_METHODS and named_origin_is_ours(request) is False:
        raise OtherSite


def require_our_page(request: Request) -> None:
    """For what is proven by a cookie alone, which a browser adds to every request, whoever wrote the page."""
    if request.method in SAFE_METHODS:
        return
    if request.headers.get(REQUEST_HEADER) != "1" or named_origin_is_ours(request) is not True:
        raise NotOurPage


def named_origin_is_ours(request: Request) -> bool | None:
    """None when the request names no origin.

    Sec-Fetch-Site is the browser's own judgement, which also holds behind a proxy that rewrites Host; browsers send it
    only over https and on localhost, so Origin must do elsewhere.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return None
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""
