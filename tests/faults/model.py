"""What must be stored, told from the client's journal alone: a second, slow reading of the event API's promises that
shares nothing with the product."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.faults.journal import lines

late_s: Final = 0.002
"""Stamps have milliseconds."""
NAMES: Final = {"page": "Page Viewed", "identify": "Identified"}
STORED: Final = """
    SELECT e.message_id, i.value, e.kind, e.name, e.properties, extract(epoch FROM e.at)::float8
      FROM events AS e LEFT JOIN identifiers AS i ON i.customer_id = e.customer_id AND i.kind = 'user_id'
     WHERE e.message_id ~ '^(m|cut)[0-9]+$'"""
PLANS: Final = """
    SELECT i.value, array_agg(t.value #>> '{}' ORDER BY t.at DESC, t.seq DESC), array_agg(t.message_id)
      FROM identifiers AS i JOIN trait_values AS t ON t.customer_id = i.customer_id AND t.key = 'plan'
     WHERE i.kind = 'user_id' GROUP BY i.value"""
MEMBERS: Final = """
    SELECT i.value FROM verdicts AS v JOIN rules AS r ON r.id = v.rule_id AND r.state = 'live'
      JOIN identifiers AS i ON i.customer_id = v.customer_id AND i.kind = 'user_id'
     WHERE r.owner = 'audience' AND r.part = %s AND v.holds"""


@dataclass(frozen=True)
class Truth:
    """An event as it must be stored. Its time is only known to lie between two instants."""

    user: str
    kind: str
    name: str
    properties: Mapping[str, Any]
    plan: str | None
    first: float
    last: float


@dataclass
class Told:
    """What the client's journal says."""

    truths: dict[str, Truth] = field(default_factory=dict)
    """Of what was acknowledged."""
    never: set[str] = field(default_factory=set)
    """What was never sent whole, or is malformed."""
    misjudged: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    of_cut_bodies: Counter[int] = field(default_factory=Counter)


def read(client: Path) -> Told:
    told, made = Told(), dict[str, dict[str, Any]]()
    for line in lines(client):
        if line["kind"] == "made":
            made[line["id"]] = line
            told.never.add(line["id"])
        elif line["kind"] == "answer to a cut body":
            told.of_cut_bodies[line["status"]] += 1
        elif line["kind"] == "answer":
            told.statuses[line["status"]] += 1
            if line["status"] == 200:
                refused = {line["ids"][index] for index in line["rejected"]}
                told.misjudged += [one for one in line["ids"] if made[one]["bad"] != (one in refused)]
                for one in set(line["ids"]) - refused - told.truths.keys():
                    told.truths[one] = _truth(made[one], line["t"])
    told.never -= told.truths.keys()
    return told


def _truth(made: Mapping[str, Any], acked_at: float) -> Truth:
    call = made["call"]
    kind, properties = call["type"], dict(call.get("properties", {}))
    if kind == "page":
        properties["name"] = call["name"]
    first = last = float(made["at"])
    if made["how"] != "stamped":  # By the moment of its arrival, which is told only to have been before the answer.
        last += acked_at - float(made["t"])
    name = call.get("event") or NAMES[kind]
    return Truth(made["user"], kind, name, properties, call.get("traits", {}).get("plan"), first, last)


def differences(
    told: Told, database: psycopg.Connection[tuple[Any, ...]], clock_spare_s: float
) -> Iterator[tuple[str, list[Any]]]:
    rows = database.execute(STORED.encode()).fetchall()
    stored = Counter(row[0] for row in rows)
    yield "acknowledged and lost", sorted(told.truths.keys() - stored.keys())
    yield "stored twice, or of two customers", sorted(one for one, many in stored.items() if many > 1)
    yield "stored, though malformed or never sent whole", sorted(told.never & stored.keys())
    yield "stored, and nobody sent it", sorted(stored.keys() - told.never - told.truths.keys())
    wrong = []
    for name, user, kind, event, properties, at in rows:
        true = told.truths.get(name)
        if true is None:
            continue
        if (true.user, true.kind, true.name, true.properties) != (user, kind, event, properties):
            wrong.append((name, true, (user, kind, event, properties)))
        if not true.first - late_s - clock_spare_s <= at <= true.last + late_s + clock_spare_s:
            wrong.append((name, true, at - true.first))
    yield "stored otherwise than it was sent", wrong
    yield "another plan than the latest", _plans(told, database, clock_spare_s)
    yield from _memberships(told, database)
    strangers = database.execute(
        b"SELECT value FROM identifiers AS i WHERE kind = 'anonymous_id' AND value LIKE 'a-u%' AND NOT EXISTS ("
        b"SELECT FROM identifiers AS u WHERE u.kind = 'user_id' AND u.customer_id = i.customer_id "
        b"AND 'a-' || u.value = i.value)"
    ).fetchall()
    yield "a stranger who is not who they said", strangers


def _memberships(told: Told, database: psycopg.Connection[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Who ordered three times is a buyer, whose latest plan is gold is golden."""
    orders = Counter(one.user for one in told.truths.values() if one.name == "Order Completed")
    golden = {user for user, plans in _latest(told, 0).items() if plans == {"gold"}}
    either = {user for user, plans in _latest(told, 1).items() if len(plans) > 1}
    for audience, wanted in (("buyers", {user for user, many in orders.items() if many >= 3}), ("golden", golden)):
        members = {row[0] for row in database.execute(MEMBERS.encode(), [audience])}
        yield f"in {audience} or not, wrongly", sorted((wanted ^ members) - (either if audience == "golden" else set()))


def _plans(told: Told, database: psycopg.Connection[Any], spare_s: float) -> list[Any]:
    """The latest by its own time, not by its arrival; nothing of its history missing."""
    wanted, many = _latest(told, spare_s), Counter(one.user for one in told.truths.values() if one.plan)
    found = {row[0]: (row[1][0], len(set(row[2]))) for row in database.execute(PLANS.encode())}
    return [
        (user, plans, many[user], found.get(user))
        for user, plans in wanted.items()
        if user not in found or found[user][0] not in plans or found[user][1] != many[user]
    ]


def _latest(told: Told, spare_s: float) -> dict[str, set[str]]:
    """Each customer's latest plan, or those that may be it, where the times are known too roughly."""
    plans: defaultdict[str, list[Truth]] = defaultdict(list)
    for one in told.truths.values():
        if one.plan:
            plans[one.user].append(one)
    latest = {}
    for user, truths in plans.items():
        begun = max(one.first for one in truths) - spare_s
        latest[user] = {one.plan for one in truths if one.last + spare_s >= begun and one.plan}
    return latest
