"""The doors of the messages domain: `router` for members and keys, `public_routes` for whoever got a mail.

Both find the `MailSettings` at `app.state.mail`.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.routing import Route

from regulars.domains.messages.api import mailbox, public, templates

router = APIRouter()
router.include_router(templates.router)
router.include_router(mailbox.router)


def public_routes() -> Sequence[Route]:
    """Each route proves the token in its path by itself."""
    return public.routes()
