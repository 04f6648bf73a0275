"""The doors of the messages domain: `router` for members and keys, `public_routes` for whoever got a mail."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.routing import Route

from regulars.domains.messages.api import mailbox, public, templates
from regulars.domains.messages.model import Signer
from regulars.platform.unit import Units

router = APIRouter()
router.include_router(templates.router)
router.include_router(mailbox.router)


def public_routes(units: Units, signer: Signer) -> Sequence[Route]:
    return public.routes(units, signer)
