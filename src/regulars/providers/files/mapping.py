"""A mapping says what a file's rows mean: whose they are, when they happened, and what they say.

The language is written down in docs/reference/mappings.md. Parsing is strict: a key it does not know is an error that
names the nearest key it does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from regulars.providers.files.fields import TYPES, Field
from regulars.providers.files.model import UnknownColumn, WrongMapping, listed, nearest
from regulars.providers.files.source import Source
from regulars.shared.errors import Fault

Kind = Literal["orders", "events", "customers"]
KINDS: Final[tuple[Kind, ...]] = ("orders", "events", "customers")

_KEYS: Final = (
    "kind", "description", "rows", "message_id", "customer", "order_id", "event", "time", "properties", "traits",
    "constants", "lines", "consents", "skip_when", "blank", "shift_days",
)  # fmt: skip
_FIELD_KEYS: Final = ("column", "columns", "type", "format", "zone", "decimal", "thousands", "optional")
_TESTS: Final = ("is", "is_not", "in", "not_in", "starts_with", "blank")
IDENTIFIERS: Final = ("user_id", "anonymous_id", "email", "phone")
shift_days_max: Final = 36_525


@dataclass(frozen=True, slots=True)
class EventName:
    """The event's name: the same for every row, or by a column's value. A column alone holds names as they are."""

    constant: str = ""
    field: Field | None = None
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Following rows with the same value are one order; each of them adds one line to a property."""

    same: str
    into: str
    fields: tuple[tuple[str, Field], ...]


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one column, on its text."""

    field: Field
    test: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentColumn:
    channel: str
    topic: str
    field: Field
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A checked mapping. `fingerprint` changes when its meaning does, and makes message ids of rows without one."""

    kind: Kind
    fingerprint: str
    calls: bool = False
    message_id: Field | None = None
    customer: tuple[tuple[str, Field], ...] = ()
    order_id: Field | None = None
    event: EventName = EventName()
    time: Field | None = None
    properties: tuple[tuple[str, Field], ...] = ()
    traits: tuple[tuple[str, Field], ...] = ()
    constants: tuple[tuple[str, object], ...] = ()
    lines: Lines | None = None
    consents: tuple[ConsentColumn, ...] = ()
    skip_when: tuple[Test, ...] = ()
    blank: frozenset[str] = frozenset()
    shift_days: int = 0

    def fields(self) -> Iterator[tuple[str, Field]]:
        """Every column the mapping reads, with the place that names it."""
        for place, field in (("message_id", self.message_id), ("order_id", self.order_id), ("time", self.time)):
            if field:
                yield place, field
        if self.event.field:
            yield "event", self.event.field
        for place, group in (("customer", self.customer), ("properties", self.properties), ("traits", self.traits)):
            yield from ((f"{place}.{name}", field) for name, field in group)
        if self.lines:
            yield "lines.same", Field((self.lines.same,))
            yield from ((f"lines.fields.{name}", field) for name, field in self.lines.fields)
        yield from ((f"consents.{index}", consent.field) for index, consent in enumerate(self.consents))
        yield from ((f"skip_when.{index}", test.field) for index, test in enumerate(self.skip_when))

    def check_columns(self, source: Source) -> None:
        """Raises UnknownColumn for the first column the file lacks, with the nearest one it has."""
        known = set(source.columns)
        for place, field in self.fields():
            wanted = [name for name in field.columns if name not in known and name.partition(".")[0] not in known]
            if len(wanted) == len(field.columns) and not field.optional:
                named = " or ".join(repr(name) for name in field.columns)
                raise UnknownColumn(
                    f"{place} of the mapping names the column {named}, which {source.path.name} does not have."
                    f"{nearest(wanted[0], source.columns)} Its columns are: {listed(source.columns)}."
                )


def parse_mapping(written: object) -> FileMapping:
    """Raises WrongMapping at the first thing that is wrong, saying where."""
    root = _table(_texts_as_keys(written), "", _KEYS)
    kind = root.get("kind")
    if kind not in KINDS:
        raise _wrong("/kind", f"kind is one of {listed(KINDS)}, not {kind!r}.{nearest(str(kind), KINDS)}")
    calls = _choice(root.get("rows", "fields"), "/rows", ("fields", "calls")) == "calls"
    fingerprint = hashlib.sha256(json.dumps(root, sort_keys=True, default=str).encode()).hexdigest()[:16]
    mapping = FileMapping(
        kind=kind,
        fingerprint=fingerprint,
        calls=calls,
        message_id=_maybe(root, "message_id", "text"),
        customer=_fields(root.get("customer"), "/customer", known=IDENTIFIERS, kind="text"),
        order_id=_maybe(root, "order_id", "text"),
        event=_event(root.get("event"), kind),
        time=_maybe(root, "time", "instant"),
        properties=_fields(root.get("properties"), "/properties"),
        traits=_fields(root.get("traits"), "/traits"),
        constants=tuple(_table(root.get("constants", {}), "/constants").items()),
        lines=_lines(root.get("lines")),
        consents=tuple(_consent(one, f"/consents/{i}") for i, one in enumerate(_list(root, "consents"))),
        skip_when=tuple(_test(one, f"/skip_when/{i}") for i, one in enumerate(_list(root, "skip_when"))),
        blank=frozenset(_texts(root.get("blank", []), "/blank")),
        shift_days=_days(root.get("shift_days", 0)),
    )
    _check_whole(mapping)
    return mapping


def _texts_as_keys(written: object) -> object:
    if isinstance(written, dict):
        return {_said(key): _texts_as_keys(value) for key, value in written.items()}
    return [_texts_as_keys(one) for one in written] if isinstance(written, list) else written


def _check_whole(mapping: FileMapping) -> None:
    if mapping.calls:
        return
    if not mapping.customer:
        raise _wrong("/customer", f"Say which column identifies the customer: one or more of {listed(IDENTIFIERS)}.")
    if mapping.kind != "customers" and mapping.time is None:
        raise _wrong("/time", f"Say which column holds the time of the {mapping.kind}.")
    if mapping.kind == "orders" and mapping.order_id is None:
        raise _wrong("/order_id", "Say which column holds the order's number.")
    if mapping.kind == "events" and not (mapping.event.constant or mapping.event.field):
        raise _wrong("/event", "Say the event's name, or which column holds it.")
    if mapping.kind == "customers" and (mapping.properties or mapping.lines or mapping.order_id):
        raise _wrong("/properties", "Customers have traits, not properties, lines or orders.")


def _field(written: object, place: str, kind: str | None = None) -> Field:
    if isinstance(written, str):
        return Field((written,), kind)
    if isinstance(written, list):
        return Field(_texts(written, place), kind)
    table = _table(written, place, _FIELD_KEYS)
    if ("column" in table) == ("columns" in table):
        raise _wrong(place, "Say `column` (or `columns`, of which the first that is not blank counts).")
    columns = _texts(table.get("columns", [table.get("column")]), f"{place}/column")
    zone = table.get("zone")
    given = table.get("type", kind)
    if given is not None:
        given = _choice(given, f"{place}/type", TYPES)
    formats = table.get("format", [])
    return Field(
        columns=columns,
        type=given,
        formats=_texts([formats] if isinstance(formats, str) else formats, f"{place}/format"),
        zone=_zone(zone, f"{place}/zone") if zone is not None else None,
        decimal=_choice(table.get("decimal", "."), f"{place}/decimal", (".", ",")),
        thousands=_choice(table.get("thousands", ""), f"{place}/thousands", ("", ",", ".", " ", "'")),
        optional=bool(table.get("optional", False)),
    )


def _maybe(root: Mapping[str, object], name: str, kind: str) -> Field | None:
    return _field(root[name], f"/{name}", kind) if root.get(name) is not None else None


def _fields(
    written: object, place: str, *, known: Sequence[str] | None = None, kind: str | None = None
) -> tuple[tuple[str, Field], ...]:
    table = _table({} if written is None else written, place, known)
    return tuple((name, _field(one, f"{place}/{name}", kind)) for name, one in table.items())


def _event(written: object, kind: Kind) -> EventName:
    if written is None:
        return EventName("Order Completed") if kind == "orders" else EventName()
    if isinstance(written, str):
        return EventName(written)
    table = _table(written, "/event", (*_FIELD_KEYS, "names"))
    names = _table(table.get("names", {}), "/event/names")
    field = _field({key: one for key, one in table.items() if key != "names"}, "/event", "text")
    return EventName("", field, tuple((str(key), str(one)) for key, one in names.items()))


def _lines(written: object) -> Lines | None:
    if written is None:
        return None
    table = _table(written, "/lines", ("same", "into", "fields"))
    if not isinstance(table.get("same"), str):
        raise _wrong("/lines/same", "Say which column tells that rows belong to one order.")
    into = table.get("into", "products")
    return Lines(str(table["same"]), str(into), _fields(table.get("fields"), "/lines/fields"))


def _consent(written: object, place: str) -> ConsentColumn:
    table = _table(written, place, ("channel", "topic", "yes", "no", *_FIELD_KEYS))
    field = _field({key: one for key, one in table.items() if key in _FIELD_KEYS}, place, "text")
    yes = _texts(table.get("yes", ["yes", "true", "1"]), f"{place}/yes")
    no = _texts(table.get("no", ["no", "false", "0"]), f"{place}/no")
    channel, topic = str(table.get("channel", "email")), str(table.get("topic", "marketing"))
    folded = (tuple(one.casefold() for one in yes), tuple(one.casefold() for one in no))
    return ConsentColumn(channel, topic, field, *folded)


def _test(written: object, place: str) -> Test:
    table = _table(written, place, ("column", "columns", "optional", *_TESTS))
    tests = [name for name in _TESTS if name in table]
    if len(tests) != 1:
        raise _wrong(place, f"A condition has a column and one of {listed(_TESTS)}.")
    test, value = tests[0], table[tests[0]]
    field = _field({key: one for key, one in table.items() if key not in _TESTS}, place, "text")
    if test == "blank":
        return Test(field, "blank" if value else "not_blank", ())
    values = value if isinstance(value, list) else [value]
    return Test(field, test, tuple(_said(one) for one in values))


def _said(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _table(written: object, place: str, known: Sequence[str] | None = None) -> dict[str, object]:
    if not isinstance(written, dict):
        raise _wrong(place, f"{place or 'A mapping'} is a table of names and values.")
    table: dict[str, object] = dict(written)
    for key in table if known is not None else ():
        if key not in (known or ()):
            known_list = listed(known or ())
            raise _wrong(
                f"{place}/{key}", f"There is no key {key!r} here.{nearest(key, known or ())} Known: {known_list}."
            )
    return table


def _list(root: Mapping[str, object], name: str) -> list[object]:
    written = root.get(name) or []
    if not isinstance(written, list):
        raise _wrong(f"/{name}", f"{name} is a list.")
    return written


def _texts(written: object, place: str) -> tuple[str, ...]:
    if not isinstance(written, list) or not all(isinstance(one, str | int | float) for one in written):
        raise _wrong(place, "This is a text or a list of texts.")
    return tuple(_said(one) for one in written)


def _choice(written: object, place: str, known: Sequence[str]) -> str:
    if written not in known:
        raise _wrong(place, f"{written!r} is not one of {listed(known)}.{nearest(str(written), known)}")
    return str(written)


def _zone(written: object, place: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(written))
    except (KeyError, ValueError, OSError):
        raise _wrong(place, f"There is no time zone {written!r}; zones are named as Europe/Berlin.") from None


def _days(written: object) -> int:
    if not isinstance(written, int) or isinstance(written, bool) or abs(written) > shift_days_max:
        raise _wrong("/shift_days", f"shift_days is a whole number up to {shift_days_max}.")
    return written


def _wrong(place: str, detail: str) -> WrongMapping:
    return WrongMapping(f"{detail} (at {place or '/'})", faults=[Fault(place, detail)])
