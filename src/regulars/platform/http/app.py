"""Puts the HTTP application together: routes, the gate, the edge, health, the web app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from regulars.platform.http.edge import Edge
from regulars.platform.http.gate import Gate, Gatekeeper, is_api, permit
from regulars.platform.http.health import Check, Refresh, health_routes
from regulars.platform.http.openapi import describe
from regulars.platform.http.problems import HANDLERS, Problem
from regulars.platform.http.web import make_web_app
from regulars.platform.unit import Units

OPENAPI_PATH: Final = "/api/openapi.json"


def make_app(
    *,
    routers: Sequence[APIRouter],
    gatekeeper: Gatekeeper,
    units: Units,
    public_routes: Sequence[BaseRoute] = (),
    checks: Mapping[str, Check] | None = None,
    refresh: Refresh | None = None,
    web: Path | None = None,
    lifespan: Lifespan[FastAPI] | None = None,
    state: Mapping[str, object] | None = None,
    version: str = "0",
) -> FastAPI:
    """The application.

    `routers`: the domains' admin API; every path starts with `/api/` and stands behind the gate.
    `public_routes`: plain routes that guard themselves; none may lie under `/api`.
    `checks`: what must be well for `/health/ready`, by name.
    `refresh`: called before `/metrics` is told.
    `web`: the folder of the built web app.
    `state`: what request-scoped services find at `request.app.state.<name>`.
    """
    route_names: dict[Any, str] = {}
    app = FastAPI(
        title="Regulars",
        version=version,
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        dependencies=[Depends(permit)],
        exception_handlers=dict(HANDLERS),
        generate_unique_id_function=lambda route: route.name,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
        middleware=[Middleware(Edge, route_names=route_names), Middleware(Gate, gatekeeper=gatekeeper)],
    )
    app.state.units = units
    app.state.gatekeeper = gatekeeper
    for name, value in (state or {}).items():
        setattr(app.state, name, value)
    # Routes are tried one after another: those come first that are asked for a thousand times a second.
    for route in (*public_routes, *health_routes(checks or {}, refresh)):
        app.router.routes.append(route)
    for router in routers:
        app.include_router(router)
    _check_sides(app, public_routes)
    route_names.update((found.endpoint, found.path or "") for found in iter_route_contexts(app.routes))
    describe(app)
    app.router.default = make_web_app(web)
    return app


def _check_sides(app: FastAPI, public_routes: Sequence[BaseRoute]) -> None:
    """Which side of the gate a route is on shows in its path; a slip must not start."""
    public = {id(route) for route in public_routes}
    for found in iter_route_contexts(app.routes):
        path = found.path or ""
        if id(found.original_route) in public and is_api(path):
            raise ValueError(f"the public route {path} lies under /api")
        if hasattr(found.original_route, "dependant") and not is_api(path):
            raise ValueError(f"the API route {path} lies outside /api")
