"""The API's description of itself, with what FastAPI does not know: proofs, and the media type of problems."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from regulars.platform.http.gate import is_open
from regulars.platform.http.problems import PROBLEM_TYPE

SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An admin key (`rgk_…`)."},
    "session": {"type": "apiKey", "in": "cookie", "name": "regulars_session"},
}


def describe(app: FastAPI) -> None:
    """Makes `app.openapi` complete the generated description, once."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(generate())
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(schema: dict[str, Any]) -> None:
    schema.setdefault("components", {})["securitySchemes"] = SCHEMES
    schema["security"] = [{name: []} for name in SCHEMES]
    for path, operations in schema.get("paths", {}).items():
        for method, operation in operations.items():
            if is_open(method.upper(), path):
                operation["security"] = []
            refusal = operation["responses"].get("default", {}).get("content", {})
            for media_type in list(refusal):  # FastAPI takes that of the answer
                refusal[PROBLEM_TYPE] = refusal.pop(media_type)
