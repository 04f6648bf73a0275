"""What every part of a tree is asked first, and how the answer "no" points at the place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from regulars.rules import model
from regulars.rules.model import RuleNotUnderstood
from regulars.rules.values import Value, clean_text, value_of
from regulars.shared.forms import NotAValueError

Node: TypeAlias = Mapping[str, object]
Kind = TypeVar("Kind")
Given = TypeVar("Given")


def an_object(tree: object, pointer: str, what: str) -> Node:
    if not isinstance(tree, Mapping) or not all(isinstance(key, str) for key in tree):
        raise RuleNotUnderstood(f"{shown(tree)} is not {what}", pointer=pointer, expected=("an object",))
    return tree


def a_list(tree: object, pointer: str, ceiling: int) -> Sequence[object]:
    if not isinstance(tree, list | tuple) or not tree:
        raise RuleNotUnderstood(f"{shown(tree)} is not a list with something in it", pointer=pointer)
    if len(tree) > ceiling:
        raise RuleNotUnderstood(f"this list has {len(tree)} entries, {ceiling} are allowed", pointer=pointer)
    return tree


def true(tree: object, pointer: str) -> None:
    if tree is not True:
        raise RuleNotUnderstood(f"{shown(tree)} is not understood", pointer=pointer, expected=("true",))


def keys(node: Node, pointer: str, known: Iterable[str]) -> None:
    words = tuple(str(word) for word in known)
    for key in node:
        if key not in words:
            raise RuleNotUnderstood(
                f"{key[:100]!r} is not understood here",
                pointer=into(pointer, key),
                expected=words,
                nearest=model.nearest(key, words),
            )


def needs(node: Node, pointer: str, one: str, other: str) -> None:
    if one in node and other not in node:
        raise RuleNotUnderstood(f"{one!r} needs {other!r} beside it", pointer=pointer, expected=(other,))


def not_both(node: Node, pointer: str, one: str, other: str) -> None:
    if one in node and other in node:
        raise RuleNotUnderstood(f"{one!r} and {other!r} cannot stand in one node", pointer=pointer)


def a_name(tree: object, pointer: str) -> str:
    if not isinstance(tree, str) or not tree:
        raise RuleNotUnderstood(f"{shown(tree)} is not a name", pointer=pointer, expected=("a text",))
    return _clean(clean_text, tree, pointer)


def a_value(tree: object, pointer: str) -> Value:
    return _clean(value_of, tree, pointer)


def a_number(tree: object, pointer: str, expected: str = "a number") -> int | float:
    if isinstance(tree, bool) or not isinstance(tree, int | float):
        raise RuleNotUnderstood(f"{shown(tree)} is not a number", pointer=pointer, expected=(expected,))
    return tree


def a_whole_number(tree: object, pointer: str, least: int, most: int) -> int:
    if isinstance(tree, bool) or not isinstance(tree, int) or not least <= tree <= most:
        raise RuleNotUnderstood(
            f"{shown(tree)} is not such a number",
            pointer=pointer,
            expected=(f"a whole number from {least} to {most}",),
        )
    return tree


def _clean(read: Callable[[Given], Kind], tree: Given, pointer: str) -> Kind:
    try:
        return read(tree)
    except NotAValueError as problem:
        raise RuleNotUnderstood(f"{shown(tree)} {problem}", pointer=pointer) from None


def into(pointer: str, key: str) -> str:
    return f"{pointer}/{key[:100].replace('~', '~0').replace('/', '~1')}"


def shown(tree: object) -> str:
    kinds = {dict: "an object", list: "a list", type(None): "null", bool: "true" if tree is True else "false"}
    text = kinds.get(type(tree)) or (
        repr(tree) if isinstance(tree, str) else format(tree) if isinstance(tree, float) else ""
    )
    if not text:
        text = "a number" if isinstance(tree, int) and abs(tree) > 10**15 else str(tree)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "..."
