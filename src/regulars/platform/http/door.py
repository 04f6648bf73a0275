"""What a domain's api.py needs: the request's unit of work, the permission it asks for, bodies and lists.

    router = APIRouter()

    @router.get("/api/things")
    async def list_things(unit: RequestUnit, after: After = None, limit: Limit = 50) -> Listed[ThingOut]: ...

Every route asks for a permission: `read` for GET, `write` for all else, unless `@needs(...)` below the route's
decorator names another one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, model_validator
from starlette.requests import Request

from regulars.platform.http.problems import UnstorableValue, pointer_part
from regulars.platform.unit import Actor, Unit
from regulars.shared.errors import Fault
from regulars.shared.paging import Page, page_size_max

T = TypeVar("T")
S = TypeVar("S")
Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

# Whoever came without proving who they are: only the routes named in the gate's exceptions see this actor.
VISITOR: Final = Actor("visitor", "visitor", "Visitor")
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is asking and what they may do."""

    actor: Actor
    permissions: frozenset[str]


async def _request_unit(request: Request) -> AsyncIterator[Unit]:
    async with request.app.state.units.open(request.state.actor) as unit:
        yield unit


# The scope "function" ends the transaction when the endpoint has returned and its answer is made, before a byte of it
# is sent: an answer that arrives is durable, and a commit that fails is answered as a failure.
RequestUnit = Annotated[Unit, Depends(_request_unit, scope="function")]

After = Annotated[str | None, Query(description="The `next` of the page before.", max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=page_size_max, description="How many items at most.")]


def needs(permission: str) -> Callable[[Endpoint], Endpoint]:
    """Marks an endpoint with the permission it asks for, in place of the one its method would."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["needs"] = permission
        return endpoint

    return mark


def needed(request: Request) -> str:
    """The permission the request's route asks for."""
    marked = getattr(request.scope.get("endpoint"), "needs", None)
    return str(marked or ("read" if request.method in ("GET", "HEAD") else "write"))


class Body(BaseModel):
    """The body of a request: a key it does not know is an error, because it is a misspelt one."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable_text(cls, value: object) -> object:
        """JSON can write NUL characters and halves of surrogate pairs; PostgreSQL and UTF-8 cannot."""
        rest = [("", value)]
        while rest:
            pointer, part = rest.pop()
            if isinstance(part, str) and _UNSTORABLE.search(part):
                raise UnstorableValue(faults=[Fault(pointer, "holds a character that cannot be stored")])
            if isinstance(part, dict):
                rest.extend((f"{pointer}/{pointer_part(key)}", inner) for key, inner in part.items())
                rest.extend((pointer, key) for key in part)
            elif isinstance(part, list):
                rest.extend((f"{pointer}/{number}", inner) for number, inner in enumerate(part))
        return value


class Listed(BaseModel, Generic[T]):
    """A page of a list. `next`, given back as `after`, brings the following page; null means this was the last."""

    items: list[T]
    next: str | None


def listed(page: Page[S], show: Callable[[S], T]) -> Listed[T]:
    """The page with each item in its outside form."""
    return Listed[T](items=[show(item) for item in page.items], next=page.next)
