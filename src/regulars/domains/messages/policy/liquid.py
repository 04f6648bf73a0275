"""Liquid, as mail needs it: bounded, without a clock, escaping in HTML, and hidden from the MJML compiler as tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, wraps
from typing import Any, Final

from liquid import BoundTemplate, Environment
from liquid.builtin.filters.array import join as join_filter
from liquid.builtin.filters.misc import date as date_filter
from liquid.builtin.filters.string import replace as replace_filter
from liquid.exceptions import FilterArgumentError, LiquidError
from liquid.filter import with_context, with_environment

from regulars.domains.messages.model import TemplateFailed

output_bytes_max: Final = 1_000_000
loop_iterations_max: Final = 10_000
local_bytes_max: Final = 100_000
nesting_max: Final = 30
date_format_max: Final = 100
# What the filters of one rendering may look at: characters and list items, all together.
work_max: Final = 5_000_000

_WHOLE: Final = re.compile(
    r"\{%-?\s*(?P<block>raw|comment|doc)\b[^%]*-?%\}.*?\{%-?\s*end(?P=block)\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL
)
_WORD: Final = re.compile(r"\{%-?\s*(\w+)")
_WIDE: Final = re.compile(r"%[-_0^#+]*\d{2,}")


class _Environment(Environment):
    context_depth_limit = nesting_max
    block_nesting_limit = nesting_max
    loop_iteration_limit = loop_iterations_max
    local_namespace_limit = local_bytes_max
    output_stream_limit = output_bytes_max


def _bounded(growth: Callable[[str, str], int], plain: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose result can be as long as the product of what goes in is asked how long before it is run."""

    @wraps(plain)  # carries along whether the filter asks for its environment
    def filtered(value: object, *arguments: object, **named: object) -> object:
        if growth(str(value), str(arguments[-1]) if arguments else " ") > output_bytes_max:
            raise FilterArgumentError("the result would be too long", token=None)
        return plain(value, *arguments, **named)

    return filtered


_work: Final[ContextVar[list[int]]] = ContextVar("work")


def _counted(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is not run once all filters of this rendering have looked at more than they may. A range weighs
    nothing until a filter writes it out, so a long one reaches none."""

    @wraps(plain)
    def filtered(value: object, *arguments: object, **named: object) -> object:
        sizes = [len(given) for given in (value, *arguments) if isinstance(given, str | Sequence)]
        if any(isinstance(given, range) and len(given) > loop_iterations_max for given in (value, *arguments)):
            raise FilterArgumentError(f"a range may have {loop_iterations_max} numbers at most", token=None)
        work = _work.get([0])
        work[0] += sum(sizes) ** 2 if name == "uniq" else sum(sizes)  # uniq compares each item with all before it
        if work[0] > work_max:
            raise FilterArgumentError("its filters have too much to do", token=None)
        return plain(value, *arguments, **named)

    return filtered


@with_context
@with_environment
def _date(value: Any, form: object = "%Y-%m-%d", *, context: Any, environment: Environment) -> object:
    """The standard filter, except that "now" is the instant the message is for, never the machine's."""
    text = str(form)
    if len(text) > date_format_max or _WIDE.search(text):
        raise FilterArgumentError("a date's format has at most 100 characters and no widths over 9", token=None)
    if value in ("now", "today"):
        value = context.resolve("now")
    elif isinstance(value, list | dict | bool | float):
        return ""
    return date_filter(value, form, environment=environment)


def _environment(*, autoescape: bool) -> Environment:
    made = _Environment(autoescape=autoescape, strict_filters=True)
    for tag in ("include", "render"):  # There is nothing to include: a template is whole.
        del made.tags[tag]
    del made.filters["safe"]  # Whatever a customer typed in stays text.
    made.add_filter("date", _date)
    made.add_filter("replace", _bounded(lambda value, new: len(value) * (len(new) + 1), replace_filter))
    made.add_filter("join", _bounded(lambda value, glue: len(value) * (len(glue) + 1), join_filter))
    for name, plain in list(made.filters.items()):
        made.add_filter(name, _counted(name, plain))
    return made


HTML: Final = _environment(autoescape=True)
PLAIN: Final = _environment(autoescape=False)


@lru_cache(maxsize=512)
def parsed(source: str, *, html: bool) -> BoundTemplate:
    """A template ready to be filled in. Versions never change, so what was parsed once is kept."""
    return (HTML if html else PLAIN).from_string(source)


def render(source: str, context: Mapping[str, object], *, html: bool) -> str:
    """Fills a template in. Raises TemplateFailed with the place and reason, also when it grows beyond its bounds."""
    _work.set([0])
    try:
        return parsed(source, html=html).render(**context)
    except LiquidError as error:
        raise TemplateFailed(explained(error)) from error
    except (ArithmeticError, ValueError, TypeError, LookupError, RecursionError, AttributeError) as error:
        raise TemplateFailed(f"{type(error).__name__}: {error}"[:300]) from error


def explained(error: LiquidError) -> str:
    """What is wrong with it and where, in one line."""
    message = str(error.args[0]) if error.args else type(error).__name__
    try:
        where = error.context()
    except ValueError:  # The token stands at the very end.
        where = None
    place = f"line {where[0]}, column {where[1] + 1}: " if where else ""
    return f"{place}{message[:200]}."


@dataclass(frozen=True, slots=True)
class Use:
    """A variable a template uses: `customer.traits.city`, as its path."""

    path: tuple[str | int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.path))


def uses(source: str, *, html: bool) -> tuple[list[Use], list[str]]:
    """The variables a template takes from outside, and the filters it uses that do not exist, each with its place."""
    template = parsed(source, html=html)
    analysis = template.analyze(include_partials=False)
    found: dict[Use, None] = {}
    for variables in analysis.globals.values():
        for variable in variables:
            path: list[str | int] = []
            for part in variable.segments:
                if isinstance(part, list):  # An index only known when it is filled in.
                    break
                path.append(part)
            found[Use(tuple(path))] = None
    missing: list[str] = []
    for name, spans in analysis.filters.items():
        if name not in template.env.filters:
            missing.extend(f"{place(source, span.index)}: there is no filter {name!r}." for span in spans)
    return list(found), missing


def place(source: str, index: int) -> str:
    line = source.count("\n", 0, index) + 1
    column = index - (source.rfind("\n", 0, index) + 1) + 1
    return f"line {line}, column {column}"


_NOTHING: Final = object()


def is_known(use: Use, context: Mapping[str, object]) -> bool:
    value: object = context
    for part in use.path:
        if part in ("size", "first", "last") and isinstance(value, str | Sequence | Mapping):
            return True
        if isinstance(value, Mapping):
            value = value.get(part, _NOTHING)
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(part, int):
            value = value[part] if -len(value) <= part < len(value) else _NOTHING
        else:
            return False
        if value is _NOTHING or value is None:
            return False
    return True


def standard(at: datetime) -> dict[str, object]:
    """The names Liquid itself would fill from the machine's clock."""
    return {"now": at, "today": date(at.year, at.month, at.day)}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of Liquid on its way through the MJML compiler. `word` is the tag's name, or empty for an output."""

    mark: str
    source: str
    index: int
    word: str


@dataclass(frozen=True, slots=True)
class Tokenised:
    """MJML in which every piece of Liquid is one opaque word."""

    text: str
    original: str
    tokens: Mapping[str, Token]
    pattern: re.Pattern[str]

    def place(self, index: int) -> str:
        """Where an index into the tokenised text is in what the author wrote."""
        shift = 0
        for found in self.pattern.finditer(self.text):
            if found.start() >= index:
                break
            shift += len(self.tokens[found[0]].source) - len(found[0])
        return place(self.original, min(index + shift, len(self.original)))


def tokenise(source: str) -> Tokenised:
    """Replaces each output and tag, and each raw or comment block whole, by a word that occurs nowhere else."""
    prefix = "lqd"
    while prefix in source:
        prefix += "q"
    tokens: dict[str, Token] = {}

    def swap(found: re.Match[str]) -> str:
        mark = f"{prefix}{len(tokens)}z"
        text = found[0]
        word = "" if found["block"] else (_WORD.match(text) or ["", ""])[1]
        tokens[mark] = Token(mark, text, found.start(), word)
        return mark

    text = _WHOLE.sub(swap, source)
    return Tokenised(text, source, tokens, re.compile(rf"{prefix}\d+z"))
