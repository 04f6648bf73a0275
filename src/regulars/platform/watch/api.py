"""The admin API of operators: how the installation is."""

from __future__ import annotations

from fastapi import APIRouter, Request

from regulars.platform.watch.looking import Watch
from regulars.platform.watch.model import Status

router = APIRouter(tags=["system"])


@router.get("/api/system")
async def get_system(request: Request) -> Status:
    """What waits and since when, how ticks go, who is at work, how full the disk is, and what is wrong."""
    watch: Watch = request.app.state.watch
    return await watch.look()
