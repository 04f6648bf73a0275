"""Rules into one SELECT: for each row of `scope`, does each rule hold, and when could that change by time alone.

Two phases. First the *facts* of every leaf: one pass over the events of the scope and one over its trait values,
however many rules there are. Then, from the facts alone, whether each atom and each rule holds, and until when. The
second phase does not care where the facts came from.

By time alone means: no event arrives. Events and trait values that are recorded but lie after the instant do not
exist yet, so the moment they come to exist is a change by time alone. What is promised is that the answer does not
differ before that moment.

Here the pieces of `fragments.py` are put together by column names; no value of a rule passes through this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from regulars.rules import atoms, fragments
from regulars.rules.engines.base import Engine
from regulars.rules.engines.postgresql import postgresql
from regulars.rules.facts import Source, Wanted, facts, select
from regulars.rules.formulas import formula
from regulars.rules.leaves import Atom, Formula, Happened, Junction, Negation, Truth
from regulars.rules.model import Rule
from regulars.shared.errors import Malformed

columns_max: Final = 1_600
"""PostgreSQL's ceiling is 1,664 columns."""

_KEY: Final = re.compile(r"[a-z0-9_]{1,60}")


class TooWide(Malformed):
    """Written out, this asks for more different things at once than a database can answer in one query."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """`sql` reads `scope`, `events` and `trait_values` (see engines.py) and yields `customer_id`, `at`, and for
    each rule key `h_<key>` (boolean, never null) and `c_<key>` (timestamptz, null: never). It holds no parameters:
    run it without arguments."""

    keys: tuple[str, ...]
    sql: str

    def over(
        self,
        *,
        scope: str | None = None,
        events: str | None = None,
        trait_values: str | None = None,
        customers: str | None = None,
    ) -> str:
        """The same with some of its relations given as SELECT statements instead of tables of these names."""
        relations = {"scope": scope, "events": events, "trait_values": trait_values, "customers": customers}
        given = ", ".join(f"{name} AS ({query})" for name, query in relations.items() if query is not None)
        return f"WITH {given} SELECT * FROM ({self.sql}) AS answers" if given else self.sql  # noqa: S608 - whole statements


def compile_rules(
    rules: Mapping[str, Rule],
    engine: Engine,
    zone: tzinfo = UTC,
    *,
    everyone_at: datetime | None = None,
    kept: Source | None = None,
) -> Compiled:
    """Rules whose stages and audiences are resolved. Keys become column names: lower case letters, digits, `_`.

    `zone` is the company's: bare dates are days there. `everyone_at`: the scope is all `customers` at this instant,
    which needs no join. `kept`: the facts of leaves with summaries."""
    for key in rules:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} cannot be a column name")
    formulas = {key: formula(rule, zone) for key, rule in rules.items()}
    answers = _Answers(engine, formulas.values(), everyone_at, kept)
    columns = ['"customer_id"', '"at"']
    for key, what in formulas.items():
        columns.append(f'{answers.holds(what)} AS "h_{key}"')
        columns.append(f'NULLIF({answers.changes_at(what)}, {fragments.never(engine)}) AS "c_{key}"')
    return Compiled(tuple(rules), select(columns, answers.relation()))


def compile_found(rules: Mapping[str, Rule]) -> str:
    """For PostgreSQL, for each row of `scope`: `customer_id`, `at` and for each rule, with no bare dates or unsaid
    zones left in it, `x_<key>`: what its condition looked at, as jsonb; null for a rule of several."""
    formulas = {key: formula(rule, UTC) for key, rule in rules.items()}
    wanted = Wanted.of(one for part in _atoms(formulas.values()) for one in atoms.looked_into(part))
    columns = ['"customer_id"', '"at"']
    for key, what in formulas.items():
        looked_at = {part.leaf if isinstance(part, Happened) else part: part for part in _atoms([what])}
        piece = "NULL::jsonb"
        if len(looked_at) == 1:
            (atom,) = looked_at.values()
            listed = isinstance(atom, Happened) and wanted.latest[atom.leaf] > 1
            piece = atoms.found(atom, listed=listed)
        columns.append(f'{piece} AS "x_{key}"')
    return select(columns, facts(postgresql, wanted, None))


def lots(rules: Mapping[str, Rule], *, rules_max: int) -> list[dict[str, Rule]]:
    """The rules in their order, in lots that are each narrow enough to be compiled together. Raises TooWide for a rule
    that is too wide by itself."""
    found: list[dict[str, Rule]] = []
    parts: set[Formula] = set()
    for key, rule in rules.items():
        mine = set(_with_columns(_levels([formula(rule, UTC)])))
        if 2 * len(mine) > columns_max:
            raise TooWide
        if not found or len(found[-1]) == rules_max or 2 * len(parts | mine) > columns_max:
            found.append({})
            parts = set()
        found[-1][key] = rule
        parts |= mine
    return found


def _levels(formulas: Iterable[Formula]) -> dict[Formula, int]:
    """Every part of these formulas with its height: an atom stands on the ground, a junction on its parts."""
    levels: dict[Formula, int] = {}

    def level(part: Formula) -> int:
        if part not in levels:
            match part:
                case Junction(of=parts):
                    levels[part] = 1 + max(level(one) for one in parts)
                case Negation(of):
                    levels[part] = level(of)
                case _:
                    levels[part] = 0
        return levels[part]

    for what in formulas:
        level(what)
    return levels


def _atoms(formulas: Iterable[Formula]) -> list[Atom]:
    return [part for part in _levels(formulas) if isinstance(part, Atom)]


def _with_columns(parts: Iterable[Formula]) -> list[Atom | Junction]:
    """The parts that get two columns each: whether they hold, and until when."""
    return [part for part in parts if isinstance(part, Atom | Junction)]


class _Answers:
    """Phase 2: what follows from the facts.

    A junction's changes_at says its parts' twice, so every part gets its own column, once, in a layer below those
    that mention it; written out in place, a rule would double with every level."""

    def __init__(
        self, engine: Engine, formulas: Iterable[Formula], everyone_at: datetime | None, kept: Source | None
    ) -> None:
        self.engine, self.everyone_at, self.kept = engine, everyone_at, kept
        self.levels = _levels(formulas)
        self.atoms = [part for part in self.levels if isinstance(part, Atom)]
        self.junctions = [part for part in self.levels if isinstance(part, Junction)]
        self.names: dict[Formula, str] = {atom: fragments.name_of(atom) for atom in self.atoms}
        self.names.update((part, f"j{place}") for place, part in enumerate(self.junctions))
        if 2 * len(_with_columns(self.levels)) > columns_max:
            raise TooWide

    def relation(self) -> str:
        wanted = Wanted.of(self.atoms)
        pieces: dict[str, str] = {}
        for atom in self.atoms:
            listed = isinstance(atom, Happened) and wanted.latest[atom.leaf] > 1
            pieces.update(atoms.answers(self.engine, atom, listed=listed))
        columns = ['"customer_id"', '"at"', *(f'{piece} AS "{name}"' for name, piece in pieces.items())]
        layer = select(columns, facts(self.engine, wanted, self.everyone_at, self.kept))
        for level in range(1, 1 + max(self.levels.values(), default=0)):
            columns = ["*"]
            for part in self.junctions:
                if self.levels[part] == level:
                    name = self.names[part]
                    columns.append(f'{self._all_or_some(part)} AS "h_{name}"')
                    columns.append(f'{self._junction_changes_at(part)} AS "c_{name}"')
            layer = select(columns, layer + self.engine.fence)
        return layer + self.engine.fence

    def holds(self, part: Formula) -> str:
        match part:
            case Truth():
                return "TRUE"
            case Negation(of):
                return f"NOT {self.holds(of)}"
            case _:
                return f'"h_{self.names[part]}"'

    def changes_at(self, part: Formula) -> str:
        match part:
            case Truth():
                return fragments.never(self.engine)
            case Negation(of):
                return self.changes_at(of)
            case _:
                return f'"c_{self.names[part]}"'

    def _all_or_some(self, part: Junction) -> str:
        return f"({(' AND ' if part.every else ' OR ').join(self.holds(one) for one in part.of)})"

    def _junction_changes_at(self, part: Junction) -> str:
        """While all hold, the first to change ends it. Once some do not, all of those must change before all can
        hold, and that is not before the last of them does. "At least one" is the same with true and false
        exchanged."""
        first = f"LEAST({', '.join(self.changes_at(one) for one in part.of)})"
        wrong = "NOT " if part.every else ""
        lasts = (f'CASE WHEN {wrong}({self.holds(one)}) THEN {self.changes_at(one)} ELSE "at" END' for one in part.of)
        last = f"GREATEST({', '.join(lasts)})"
        then, otherwise = (first, last) if part.every else (last, first)
        return f"CASE WHEN {self._all_or_some(part)} THEN {then} ELSE {otherwise} END"


def wanted_by(rules: Iterable[Rule]) -> Wanted:
    """The leaves that these rules, with no bare dates or unsaid zones left in them, read together."""
    return Wanted.of(_atoms(formula(rule, UTC) for rule in rules))
