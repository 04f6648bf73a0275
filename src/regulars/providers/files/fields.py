"""One value out of a row: which column, read as which type."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Final

from regulars.providers.files.model import Row

TYPES: Final = ("text", "number", "integer", "boolean", "instant", "json")
_TRUE: Final = frozenset({"true", "yes", "y", "1", "on"})
_FALSE: Final = frozenset({"false", "no", "n", "0", "off"})
_INTEGER: Final = re.compile(r"[+-]?\d+(\.0+)?")
# Twelve digits of seconds are thirty thousand years: more are milliseconds.
_SECONDS_MAX: Final = 1e11


class BadValueError(ValueError):
    """This value does not fit its type. Becomes the reason of a rejected row."""


@dataclass(frozen=True, slots=True)
class Field:
    """Reads the first of its columns that is not blank. With no type, a value stays what the file format says it is."""

    columns: tuple[str, ...]
    type: str | None = None
    formats: tuple[str, ...] = ()
    zone: tzinfo | None = None
    decimal: str = "."
    thousands: str = ""
    optional: bool = False

    def read(self, row: Row, *, blank: frozenset[str], zone: tzinfo) -> object:
        """The value, JSON-ready (an instant stays a datetime), or None when blank. Raises BadValueError."""
        for column in self.columns:
            value = look_up(row, column)
            if value is None or (isinstance(value, str) and (not value.strip() or value in blank)):
                continue
            try:
                return self._typed(value, zone)
            except BadValueError as problem:
                raise BadValueError(f"{column}: {problem}") from None
        return None

    def _typed(self, value: object, zone: tzinfo) -> object:
        match self.type:
            case None:
                return plain(value)
            case "text":
                return as_text(value)
            case "number":
                return _number(value, self.decimal, self.thousands)
            case "integer":
                return _integer(value, self.decimal, self.thousands)
            case "boolean":
                return _boolean(value)
            case "instant":
                return _instant(value, self.formats, self.zone or zone)
            case _:
                return _json(value)


def look_up(row: Mapping[str, object], column: str) -> object:
    """A column by its name; where there is none of that name, dots lead into nested objects."""
    if column in row or "." not in column:
        return row.get(column)
    value: object = row
    for part in column.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def as_text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(plain(value))


def plain(value: object) -> object:
    """As JSON has it. What JSON has no form for becomes text; a number that is none is nothing."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value) if value.is_finite() else None
        case datetime():
            return stamp(value if value.tzinfo else value.replace(tzinfo=UTC))
        case date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case Iterable():
            return [plain(one) for one in value]
        case _:
            return str(value)


def stamp(at: datetime) -> str:
    """An instant as calls carry it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    text = as_text(value)
    return repr(text if len(text) <= 60 else text[:60] + "…")


def _number(value: object, decimal: str, thousands: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise BadValueError(f"{_shown(value)} is not a number")
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        text = value.strip()
        if thousands:
            text = text.replace(thousands, "")
        if decimal != ".":
            text = text.replace(".", "?").replace(decimal, ".")
    else:
        text = str(value)
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        other = "," if decimal == "." else "."
        hint = f" (say `decimal` or `thousands` for the {other!r})" if other in text.replace("?", ".") else ""
        raise BadValueError(f"{_shown(value)} is not a number{hint}")
    return number


def _integer(value: object, decimal: str, thousands: str) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    number = _number(value, decimal, thousands)
    if number != int(number):
        raise BadValueError(f"{_shown(value)} is not a whole number")
    return int(number)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = as_text(value).casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise BadValueError(f"{_shown(value)} is neither yes nor no")


def _instant(value: object, formats: tuple[str, ...], zone: tzinfo) -> datetime:
    try:
        at = _parsed(value, formats)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, OSError):
        raise BadValueError(f"{_shown(value)} is out of the calendar") from None


def _parsed(value: object, formats: tuple[str, ...]) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone is put on by the caller
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _since_1970(float(value), value)
    text = as_text(value)
    for form in formats or ("iso",):
        try:
            if form == "iso":
                return datetime.fromisoformat(text)
            if form in ("unix", "unix_ms"):
                return datetime.fromtimestamp(float(text) / (1000 if form == "unix_ms" else 1), UTC)
            return datetime.strptime(text, form)  # noqa: DTZ007 - as above
        except ValueError:
            continue
    raise BadValueError(
        f"{_shown(value)} is not a time of the form {' or '.join(formats or ('iso (2026-01-31 18:30:00)',))}"
    )


def _since_1970(number: float, value: object) -> datetime:
    if not math.isfinite(number):
        raise BadValueError(f"{_shown(value)} is not a time")
    return datetime.fromtimestamp(number if abs(number) < _SECONDS_MAX else number / 1000, UTC)


def _json(value: object) -> object:
    if not isinstance(value, str):
        return plain(value)
    try:
        return plain(json.loads(value))
    except (ValueError, RecursionError) as problem:
        raise BadValueError(f"{_shown(value)} is not JSON: {problem}") from None
