"""The built web app: its files, and its first page for every address that the app itself understands."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

# Addresses of machines: what is not found there is not a page.
NOT_PAGES: Final = ("/api", "/v1", "/t", "/u", "/health", "/metrics")
FOREVER: Final = "public, max-age=31536000, immutable"
NEVER_BUILT: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Regulars</title></head>
<body style="font-family: system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The web app has not been built</h1>
<p>This checkout of Regulars runs, and its API answers, but its pages were never built. Run <code>make setup</code>
in the checkout and start it again; an installed package brings them along.</p>
<p>The API describes itself at <a href="/api/openapi.json">/api/openapi.json</a>.</p>
</body></html>"""


def make_web_app(folder: Path | None) -> ASGIApp:
    """The ASGI app that answers whatever no route does. Without a built folder it says how to get one."""
    if folder is None or not (folder / "index.html").is_file():
        return _NeverBuilt()
    return GZipMiddleware(_Pages(folder), minimum_size=1_000)


class _NeverBuilt:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refuse_unless_page(scope)
        await HTMLResponse(NEVER_BUILT, status_code=503)(scope, receive, send)


class _Pages:
    def __init__(self, folder: Path) -> None:
        self.index = folder / "index.html"
        self.files = StaticFiles(directory=folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refuse_unless_page(scope)
        response = await self._response(scope)
        await response(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        path = PurePosixPath(scope["path"])
        # A name with a dot is a file's. The app's own addresses have none.
        if not path.suffix or path.name == "index.html":
            return FileResponse(self.index, headers={"Cache-Control": "no-cache"})
        response = await self.files.get_response(self.files.get_path(scope), scope)
        hashed = path.parts[1:2] == ("assets",)
        response.headers["Cache-Control"] = FOREVER if hashed else "no-cache"
        return response


def refuse_unless_page(scope: Scope) -> None:
    path: str = scope["path"]
    if any(path == root or path.startswith(f"{root}/") for root in NOT_PAGES):
        raise HTTPException(404)
    if scope["method"] not in ("GET", "HEAD"):
        raise HTTPException(405, headers={"Allow": "GET, HEAD"})
