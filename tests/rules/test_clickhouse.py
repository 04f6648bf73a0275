"""ClickHouse's own engine gives the plain reading too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.rules.compile import Compiled, compile_rules
from regulars.rules.engines.clickhouse import SETTINGS, clickhouse
from regulars.rules.resolve import resolve
from regulars.rules.tree.reading import parse_tree
from regulars.shared.forms import number_form
from tests.clickhouse_server import running
from tests.rules import plain, worlds
from tests.rules.answering import Answer, Asked, customer_id, event_rows, flattened, read, trait_rows
from tests.rules.cases.case import Case
from tests.rules.conformance import CASES, answered, judge
from tests.rules.plain import History, World
from tests.rules.plain_times import TICK
from tests.rules.test_engines import ZONES, check, made

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("clickhouse")]

_INSTANT = pa.timestamp("us", "UTC")
_KINDS: dict[str, dict[str, Any]] = {
    "scope": {"customer_id": pa.string(), "at": _INSTANT},
    "events": {
        "customer_id": pa.string(),
        "name": pa.string(),
        "at": _INSTANT,
        "seq": pa.int64(),
        "by_customer": pa.bool_(),
        "text": pa.map_(pa.string(), pa.string()),
        "number": pa.map_(pa.string(), pa.float64()),
        **{name: pa.string() if kind.is_string() else pa.float64() for name, kind in clickhouse.plain.items()},
    },
    "trait_values": {
        "customer_id": pa.string(),
        "key": pa.string(),
        "at": _INSTANT,
        "seq": pa.int64(),
        "text": pa.string(),
        "number": pa.float64(),
        "instant": _INSTANT,
    },
}
_TYPES = {pa.string(): "Nullable(String)", pa.float64(): "Nullable(Float64)", pa.int64(): "Int64", pa.bool_(): "Bool",
          _INSTANT: "Nullable(DateTime64(6, 'UTC'))", pa.map_(pa.string(), pa.string()): "Map(String, String)",
          pa.map_(pa.string(), pa.float64()): "Map(String, Float64)"}  # fmt: skip


class InClickHouse:
    engine = clickhouse

    def __init__(self, client: Client) -> None:
        self.client = client
        for name, kinds in _KINDS.items():
            columns = ", ".join(
                f'"{column}" {"UUID" if column == "customer_id" else _TYPES[kind]}' for column, kind in kinds.items()
            )
            client.command(f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY customer_id")

    def load(self, histories: Sequence[History]) -> None:
        events = []
        for row in event_rows(histories):
            texts = flattened(row.pop("properties"))
            numbers = {path: number for path, text in texts.items() if (number := number_form(text)) is not None}
            columns = {
                name: (texts if kind.is_string() else numbers).get(name) for name, kind in clickhouse.plain.items()
            }
            events.append({**row, "text": list(texts.items()), "number": list(numbers.items()), **columns})
        self._fill("events", events)
        self._fill("trait_values", trait_rows(histories))

    def answers(self, compiled: Compiled, asked: Sequence[Asked]) -> dict[Asked, dict[str, Answer]]:
        self._fill("scope", [{"customer_id": str(customer_id(one.customer)), "at": one.at} for one in asked])
        found = self.client.query_arrow(compiled.sql, use_strings=True)
        columns = [one.cast(pa.bool_()) if one.type == pa.uint8() else one for one in found.combine_chunks().columns]
        return read(compiled, list(zip(*(column.to_pylist() for column in columns), strict=True)))

    def _fill(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.client.command(f"TRUNCATE TABLE {name}")
        if rows:
            self.client.insert_arrow(name, pa.Table.from_pylist(rows, schema=pa.schema(_KINDS[name])))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InClickHouse]:
    with running(tmp_path_factory.mktemp("clickhouse")) as server:
        client = clickhouse_connect.get_client(host="127.0.0.1", port=server.port, settings=dict(SETTINGS))
        yield InClickHouse(client)
        client.close()


@pytest.fixture(scope="module")
def answers(engine: InClickHouse) -> dict[str, Answer]:
    return answered(engine)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_means_what_it_says(case: Case, answers: dict[str, Answer]) -> None:
    judge(case, answers[case.name])


@given(
    trees=st.lists(worlds.rules, min_size=5, max_size=15),
    histories=st.lists(worlds.histories, min_size=3, max_size=8),
    instants=worlds.asked_everywhere,
    zone=st.sampled_from(list(ZONES)),
)
@settings(made, max_examples=100)
def test_clickhouse_gives_the_plain_reading(
    engine: InClickHouse, trees: list[Any], histories: list[History], instants: list[datetime], zone: str
) -> None:
    check(engine, trees, histories, instants, World(zone=ZONES[zone]))


def test_texts_in_rules_are_only_texts(engine: InClickHouse) -> None:
    texts = ["it's", '"quoted"', "100% %s %(x)s", "a\\b\\", "é ü 漢 😀", "$1 {x} :y", "line\nfeed\ttab", "a` b`",
             "{x:String}", "\\u0041", "[x]*.+?^$(|)_#~&-", "-- /* */ ;", "?", "\\'", "\\N"]  # fmt: skip
    operators = ("is", "contains", "starts_with")
    trees = [{"did": "A", "where": [{"property": "p", one: text}]} for text in texts for one in operators]
    trees += [{"did": text} for text in texts]
    trees += [{"trait": text, "is": text} for text in texts]
    trees += [{"did": "A", "where": [{"property": text, "is": text}]} for text in texts]
    histories = [
        History(
            [plain.Event("A", worlds.START, {"p": one, one: one}), plain.Event(one, worlds.START)],
            [plain.TraitValue(one, worlds.START, 0, one)],
        )
        for one in texts
    ]
    histories += [History([plain.Event("A", worlds.START, {"p": f"a {one}"})]) for one in texts]
    histories += [History([plain.Event("A", worlds.START, {"p": ["a", one]})]) for one in texts]
    check(engine, trees, histories, [worlds.START], World())


def test_rules_nest_through_audiences_as_deep_as_is_allowed(engine: InClickHouse) -> None:
    audiences = {"a0": parse_tree({"did": "A"})}
    for n in range(1, 49):
        kind = "any" if n % 2 else "all"
        audiences[f"a{n}"] = parse_tree({kind: [{"audience": f"a{n - 1}"}, {"not": {"did": "A", "within": f"{n}d"}}]})
    rule = resolve(parse_tree({"audience": "a48"}), audiences=audiences, stages={})
    engine.load([History([plain.Event("A", worlds.START)])])
    one = Asked(0, worlds.START)
    assert one in engine.answers(compile_rules({"r": rule}, clickhouse), [one])


def test_a_scope_can_be_given_as_points(engine: InClickHouse) -> None:
    engine.load([History([plain.Event("A", worlds.START)]), History()])
    compiled = compile_rules({"r": parse_tree({"did": "A"})}, clickhouse)
    points = [(customer_id(0), worlds.START), (customer_id(1), worlds.START - TICK)]
    bound = Compiled(compiled.keys, compiled.over(scope=clickhouse.points(points)))
    assert engine.answers(bound, []) == {
        Asked(0, worlds.START): {"r": (True, None)},
        Asked(1, worlds.START - TICK): {"r": (False, None)},
    }
