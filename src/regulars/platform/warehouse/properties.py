"""Properties as the warehouse keeps them: flat maps by dotted path, in the very text forms PostgreSQL gives."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from regulars.shared.forms import NUMERIC_TEXT, numeric_chars_max

rows_at_a_time: Final = 1_000
"""What Arrow makes of Python's texts it makes in one go, in which no request is answered."""
# As PostgreSQL writes a number so it is to stay (0.10, 12345678901234567890.5).
_decode: Final = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode
_decode_raw: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def maps_of(properties: pa.ChunkedArray) -> tuple[pa.MapArray, pa.MapArray]:
    """Of the texts of jsonb objects: the text form and, where there is one, the number of every property. Nulls are
    absent."""
    starts = range(0, len(properties), rows_at_a_time)
    pieces = [_texts(properties.slice(start, rows_at_a_time).to_pylist()) for start in starts]
    texts = pa.concat_arrays(pieces)
    return texts, _numbers(texts)


def _texts(properties: list[str]) -> pa.MapArray:
    paths: list[str] = []
    forms: list[str] = []
    ends = [0]
    for one in properties:
        flat = _forms(one)
        paths += flat
        forms += flat.values()
        ends.append(len(paths))
    return pa.MapArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(paths, pa.string()), pa.array(forms, pa.string())
    )


def _numbers(texts: pa.MapArray) -> pa.MapArray:
    """What `number_form` gives of every text form."""
    forms = texts.items
    short = pc.less_equal(pc.binary_length(forms), numeric_chars_max)
    is_number = pc.and_(short, pc.match_substring_regex(forms, NUMERIC_TEXT))
    so_far = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(is_number.cast(pa.int32()))])
    # The one form that the cast does not know.
    numbers = pc.utf8_ltrim(forms.filter(is_number), characters="+").cast(pa.float64())
    return pa.MapArray.from_arrays(so_far.take(texts.offsets), texts.keys.filter(is_number), numbers)


def _forms(properties: str) -> dict[str, str]:
    """Objects have a form too, lists no inner ones. A key that holds the dots itself goes before a nested one."""
    forms, objects = _own_forms(properties)
    while objects:  # Level by level; most events have one.
        within: list[tuple[str, str]] = []
        for path, one in objects:
            own, deeper = _own_forms(one)
            for key, form in own.items():
                forms.setdefault(f"{path}.{key}", form)
            within += [(f"{path}.{key}", inner) for key, inner in deeper]
        objects = within
    return forms


def _own_forms(properties: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Of one object; and which of its values are objects. Lists and objects stay as PostgreSQL wrote them."""
    forms = _decode(properties)
    raw: dict[str, msgspec.Raw] = {}
    absent: list[str] = []
    objects: list[tuple[str, str]] = []
    for key, value in forms.items():
        kind = type(value)
        if kind is str:
            continue
        if kind is int:
            forms[key] = str(value)
        elif kind is bool:
            forms[key] = "true" if value else "false"
        elif value is None:
            absent.append(key)
        else:
            raw = raw or _decode_raw(properties)
            forms[key] = form = str(raw[key], "utf-8")
            if kind is dict:
                objects.append((key, form))
    for key in absent:
        del forms[key]
    return forms, objects
