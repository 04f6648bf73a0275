"""The admin API of the warehouse: its reconciliation with the log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from regulars.platform.warehouse.feeding import Warehouse
from regulars.shared.errors import Conflict

router = APIRouter()


class NoWarehouseHere(Conflict):
    """This process has no warehouse; ask the one that runs the worker."""


class ReconciledOut(BaseModel):
    """One range of one fact, as it is in the log and in the warehouse. Rows that differ are named by their `seq`."""

    fact: str
    first: int
    last: int
    rows_in_log: int
    rows_in_warehouse: int
    sum_in_log: str
    sum_in_warehouse: str
    same: bool
    missing: list[int]
    unexpected: list[int]
    repeated: list[int]
    changed: list[int]
    misplaced: list[int]
    next: str | None


@router.get("/api/warehouse/reconciliation")
async def reconcile_warehouse(
    request: Request, after: Annotated[str | None, Query(max_length=100)] = None
) -> ReconciledOut:
    """Compares one range and says where to go on."""
    warehouse: Warehouse | None = request.app.state.warehouse
    if warehouse is None:
        raise NoWarehouseHere
    found = await warehouse.compare(after)
    return ReconciledOut(**asdict(found), same=found.same)
