"""Spark gives the plain reading too. A query takes about a second there, so each asks much at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from regulars.rules.compile import Compiled, compile_rules
from regulars.rules.engines.spark import SETTINGS, spark
from regulars.rules.tree.reading import parse_tree
from regulars.shared.forms import number_form
from tests.rules import plain, worlds
from tests.rules.answering import Answer, Asked, customer_id, event_rows, flattened, read, trait_rows
from tests.rules.cases.case import Case
from tests.rules.conformance import CASES, answered, judge
from tests.rules.plain import History, World
from tests.rules.test_engines import ZONES, check, made
from tests.spark_cluster import Cluster, session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("spark")]

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
        **{name: pa.string() if kind.is_string() else pa.float64() for name, kind in spark.plain.items()},
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


class InSpark:
    engine = spark

    def __init__(self, session: SparkSession, folder: Path) -> None:
        self.session = session
        self.folder = folder
        self.numbers = itertools.count()

    def load(self, histories: Sequence[History]) -> None:
        events = []
        for row in event_rows(histories):
            texts = flattened(row.pop("properties"))
            numbers = {path: number for path, text in texts.items() if (number := number_form(text)) is not None}
            columns = {name: (texts if kind.is_string() else numbers).get(name) for name, kind in spark.plain.items()}
            events.append({**row, "text": list(texts.items()), "number": list(numbers.items()), **columns})
        self._fill("events", events)
        self._fill("trait_values", trait_rows(histories))

    def answers(self, compiled: Compiled, asked: Sequence[Asked]) -> dict[Asked, dict[str, Answer]]:
        self._fill("scope", [{"customer_id": str(customer_id(one.customer)), "at": one.at} for one in asked])
        found = self.session.sql(compiled.sql).toArrow().combine_chunks()
        return read(compiled, list(zip(*(column.to_pylist() for column in found.columns), strict=True)))

    def _fill(self, name: str, rows: list[dict[str, Any]]) -> None:
        """In two files: each worker reads one."""
        path = self.folder / f"{name}-{next(self.numbers)}"
        path.mkdir()
        given = pa.Table.from_pylist(rows, schema=pa.schema(_KINDS[name]))
        half = len(rows) // 2
        pa.parquet.write_table(given.slice(0, half), path / "0.parquet")
        pa.parquet.write_table(given.slice(half), path / "1.parquet")
        self.session.read.parquet(str(path)).createOrReplaceTempView(name)


@pytest.fixture(scope="module")
def engine(spark_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InSpark]:
    # Planning again between stages takes longer than so few rows do.
    with session(spark_cluster, {**SETTINGS, "spark.sql.adaptive.enabled": "false"}) as running:
        yield InSpark(running, tmp_path_factory.mktemp("spark"))


@pytest.fixture(scope="module")
def answers(engine: InSpark) -> dict[str, Answer]:
    return answered(engine)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_means_what_it_says(case: Case, answers: dict[str, Answer]) -> None:
    judge(case, answers[case.name])


@given(
    trees=st.lists(worlds.rules, min_size=15, max_size=30),
    histories=st.lists(worlds.histories, min_size=10, max_size=20),
    instants=worlds.asked_everywhere,
    zone=st.sampled_from(list(ZONES)),
)
@settings(made, max_examples=5, phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)
def test_spark_gives_the_plain_reading(
    engine: InSpark, trees: list[Any], histories: list[History], instants: list[Any], zone: str
) -> None:
    check(engine, trees, histories, instants, World(zone=ZONES[zone]))


def test_texts_in_rules_are_only_texts(engine: InSpark) -> None:
    texts = ["it's", '"quoted"', "100% %s %(x)s", "a\\b\\", "é ü 漢 😀", "$1 {x} :y", "line\nfeed\ttab", "a` b`",
             "${spark.app.name}", "${env:HOME}", "\\u0041", "[x]*.+?^$(|)_#~&-", "-- /* */ ;", "?"]  # fmt: skip
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


def test_no_list_however_long_ends_an_executor(engine: InSpark) -> None:
    """Java's patterns call themselves for each turn of a group; anybody may send such a property."""
    wanted = ["last", 7, True, ", "]
    lists: list[Any] = [
        ["x"] * 20_000 + ["last"],
        [7] * 20_000,
        [1] * 20_000,
        ['"\\' * 20_000, True],
        [", " * 20_000, ", y"],
        "[" * 500,
        '["' + "x" * 60_000,
        '["last"]\n',
    ]
    trees = [{"did": "A", "where": [{"property": "p", "contains": one}]} for one in wanted]
    histories = [History([plain.Event("A", worlds.START, {"p": one})]) for one in lists]
    check(engine, trees, histories, [worlds.START], World())


def test_what_is_missing_raises_nothing(engine: InSpark) -> None:
    trees: list[Any] = [
        {"did": "A", "times": {"at_least": 1000}, "within": "36525d"},
        {"did": "A", "times": {"at_least": 3}},
        {"did": "A", "where": [{"property": "revenue", "at_least": 1}]},
        {"did": "A", "where": [{"property": "other", "less_than": 1}]},
        {"trait": "x", "at_least": 1},
        {"trait": "x", "within_last": "1d"},
    ]
    wrong = [plain.Event("A", worlds.START, {"revenue": one, "other": one}) for one in ("1e400", "x", "9" * 400, True)]
    histories = [
        History(),
        History(wrong, [plain.TraitValue("x", worlds.START, 0, "2026-02-31")]),
        History([plain.Event("A", worlds.START)] * 1000),
    ]
    check(engine, trees, histories, [worlds.START], World())


def test_both_workers_work(engine: InSpark) -> None:
    engine.load([History([plain.Event("A", worlds.START)])] * 50)
    compiled = compile_rules({"r": parse_tree({"did": "A"})}, spark)
    assert len(engine.answers(compiled, [Asked(customer, worlds.START) for customer in range(50)])) == 50
    executors = engine.session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()
    assert executors == 3  # the driver is counted among them
