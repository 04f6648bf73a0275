"""Refusals as RFC 9457 problem documents. This is the one place where kinds of errors meet HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import psycopg
import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from regulars.shared.errors import (
    Conflict,
    DomainError,
    Fault,
    Malformed,
    Missing,
    Refused,
    TooMany,
    Unavailable,
    Unproven,
)

STATUS: Final[Mapping[type[DomainError], int]] = {
    Missing: 404,
    Conflict: 409,
    Refused: 403,
    Unproven: 401,
    Malformed: 422,
    TooMany: 429,
    Unavailable: 503,
}
CODES: Final = {
    404: "missing",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
}
PROBLEM_TYPE: Final = "application/problem+json"
faults_max: Final = 50

log = structlog.get_logger("regulars.http")


class UnfitRequest(Malformed):
    """The request does not have the form this address asks for."""


class UnstorableValue(Malformed):
    """A value in the request cannot be stored: text must not hold NUL characters, and numbers must fit their range."""


class DatabaseBusy(Unavailable):
    """The database does not answer at the moment."""


class FaultBody(BaseModel):
    pointer: str
    detail: str


class Problem(BaseModel):
    """What every refusal looks like (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultBody] | None = None


class ProblemResponse(Response):
    media_type = PROBLEM_TYPE


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, object] = {
        "type": f"urn:regulars:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if faults:
        body["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
    body |= {name: value for name, value in (extra or {}).items() if name not in body}
    return ProblemResponse(msgspec.json.encode(body), status_code=status, headers=headers)


def problem_of(error: DomainError) -> Response:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Regulars"'
    if status == 503:
        headers["Retry-After"] = "1"
    return problem(status, error.code, error.detail, faults=error.faults, extra=error.extra, headers=headers)


def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return problem_of(error)


def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    if status < 400:
        return Response(status_code=status, headers=error.headers)
    details = {
        404: f"There is nothing at {request.url.path[:200]}.",
        405: f"{request.method} is not possible here.",
    }
    return problem(
        status, CODES.get(status, "refused"), details.get(status) or error.detail, headers=dict(error.headers or {})
    )


def _unfit_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_of(UnfitRequest(faults=[fault_of(found) for found in error.errors()[:faults_max]]))


def fault_of(found: Mapping[str, Any]) -> Fault:
    """One of pydantic's findings, with a JSON pointer into the body; what is not in the body is named in the words."""
    where, *path = found["loc"]
    if found["type"] == "json_invalid":
        return Fault("", f"The body is not JSON: {found['ctx']['error']} (character {path[0]}).")
    if where != "body":
        return Fault("", f"{where} parameter {'.'.join(map(str, path))}: {found['msg']}.")
    pointer = "".join(f"/{pointer_part(part)}" for part in path)
    return Fault(pointer, f"{found['msg'].removeprefix('Value error, ')}.")


def pointer_part(key: object) -> str:
    """A key or position as RFC 6901 writes it."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _data_error(request: Request, error: Exception) -> Response:
    log.warning("value refused by the database", error=str(error).splitlines()[0][:200])
    return problem_of(UnstorableValue())


def database_error(request: Request, error: Exception) -> Response:
    log.error("database error", error=str(error).splitlines()[0][:500] if str(error) else type(error).__name__)
    return problem_of(DatabaseBusy())


HANDLERS: Final[Mapping[Any, ExceptionHandler]] = {
    DomainError: _domain_error,
    HTTPException: _framework_error,
    RequestValidationError: _unfit_request,
    psycopg.DataError: _data_error,
    psycopg.OperationalError: database_error,
}
