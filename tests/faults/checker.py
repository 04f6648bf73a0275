"""What must be true after any faults, proven from three sources: what the client notes, what the mail server notes, and
what the database holds, asked in plain SQL. Nothing here is the product's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import psycopg

from tests.faults.journal import lines
from tests.faults.model import Told, differences, read

lease_s = 66.0
concurrency_max = 16

NEVER_TRUE = {
    "an event twice": "SELECT message_id FROM events GROUP BY 1 HAVING count(*) > 1",
    "an enrolment that neither waits nor is over": """
        SELECT id FROM enrolments WHERE (wake_at IS NULL) = (left_at IS NULL)""",
    "an enrolment not over though its time has come": "SELECT id FROM enrolments WHERE left_at IS NULL",
    "a visit missing or doubled": """
        SELECT e.id FROM enrolments AS e LEFT JOIN passages AS p ON p.enrolment_id = e.id
         GROUP BY e.id HAVING count(p.visit) <> e.visit OR coalesce(max(p.visit), 0) <> e.visit""",
    "another path than the journey's": """
        SELECT e.id FROM enrolments AS e JOIN journeys AS j ON j.id = e.journey_id
          JOIN (SELECT enrolment_id, string_agg(step, ' ' ORDER BY visit) AS path FROM passages GROUP BY 1) AS p
            ON p.enrolment_id = e.id
         WHERE p.path <> CASE j.slug WHEN 'welcome' THEN 's0 s1 s2 s3 s4' ELSE 's0 s1' END""",
    "a timer that fired early": """
        SELECT p.enrolment_id FROM passages AS p JOIN passages AS w
            ON w.enrolment_id = p.enrolment_id AND w.visit = p.visit - 1 AND w.kind = 'wait'
         WHERE p.at < w.at + CASE w.step WHEN 's1' THEN interval '2 s' ELSE interval '1 s' END""",
    "steps that go back in time": """
        SELECT p.enrolment_id FROM passages AS p JOIN passages AS q
            ON q.enrolment_id = p.enrolment_id AND q.visit = p.visit - 1 WHERE p.at < q.at""",
    "a sending step without its one message": """
        SELECT p.enrolment_id FROM passages AS p LEFT JOIN messages AS m ON m.key = p.enrolment_id || ':' || p.visit
         WHERE p.kind = 'send' GROUP BY p.enrolment_id, p.visit HAVING count(m.id) <> 1""",
    "a message of no step": """
        SELECT m.id FROM messages AS m LEFT JOIN passages AS p
            ON m.key = p.enrolment_id || ':' || p.visit AND p.kind = 'send' WHERE p.enrolment_id IS NULL""",
    "a message not final": "SELECT id FROM messages WHERE state IN ('queued', 'sending')",
    "a delivery without an end": "SELECT message_id FROM deliveries WHERE ended_at IS NULL OR outcome IS NULL",
    "Email Sent not once for a message sent": """
        SELECT m.id FROM messages AS m
          LEFT JOIN events AS e ON e.name = 'Email Sent'
               AND e.properties ->> 'message_id' = 'msg_' || replace(m.id::text, '-', '')
         GROUP BY m.id, m.state HAVING count(e.seq) <> (m.state = 'sent')::integer""",
    "a customer in an audience without having entered, or in none": """
        SELECT v.customer_id FROM verdicts AS v
          JOIN rules AS r ON r.id = v.rule_id AND r.state = 'live' AND r.part = 'buyers'
          LEFT JOIN events AS e ON e.customer_id = v.customer_id AND e.name = 'Audience Entered'
               AND e.properties ->> 'audience' = 'buyers'
         WHERE v.holds GROUP BY v.customer_id HAVING count(e.seq) <> 1""",
    "a customer judged too late": "SELECT customer_id FROM due WHERE at < now() - interval '10 s'",
    "a customer lately, long after": """
        SELECT v.customer_id FROM verdicts AS v JOIN rules AS r ON r.id = v.rule_id AND r.state = 'live'
         WHERE r.part = 'lately' AND v.holds
           AND NOT EXISTS (SELECT FROM events AS e WHERE e.customer_id = v.customer_id AND e.name = 'Order Completed'
                              AND e.at > now() - interval '30 s')""",
    "a message that waits": "SELECT seq FROM inbox",
}
"""What each finds are offenders."""
Figures: TypeAlias = dict[str, int | str]


@dataclass
class Findings:
    offenders: dict[str, Sequence[Any]] = field(default_factory=dict)
    figures: Figures = field(default_factory=dict)

    def add(self, what: str, found: Sequence[Any]) -> None:
        if found:
            self.offenders[what] = list(found)[:20]

    def in_words(self) -> str:
        return "\n".join(f"{what}: {found}" for what, found in self.offenders.items()) or "nothing wrong"


def check(
    database: psycopg.Connection[tuple[Any, ...]],
    client: Path,
    sink: Path,
    kills: Sequence[float],
    *,
    spare_s: float = 3,
    clock_spare_s: float = 0.5,
) -> Findings:
    """`kills`: when something was killed or stopped, by which an answer may have been lost."""
    findings = Findings()
    for what, asked in NEVER_TRUE.items():
        findings.add(what, database.execute(asked.encode()).fetchall())
    told = read(client)
    _check_events(findings, told, database, clock_spare_s)
    _check_welcomes(findings, told, database)
    _check_mail(findings, database, sink, kills)
    _check_consent(findings, client, sink, spare_s)
    return findings


def _check_events(findings: Findings, told: Told, database: psycopg.Connection[Any], clock_spare_s: float) -> None:
    findings.add("refused though good, or taken though bad", told.misjudged)
    for what, found in differences(told, database, clock_spare_s):
        findings.add(what, found)
    findings.add("answers other than 200, 429, 503", sorted(told.statuses.keys() - {0, 200, 429, 503}))
    findings.add("answers to cut bodies other than 400, 429, 503", sorted(told.of_cut_bodies.keys() - {400, 429, 503}))
    findings.figures |= {"acknowledged": len(told.truths), "refused or cut": len(told.never)}
    findings.figures |= {f"answers of {status}": many for status, many in sorted(told.statuses.items())}


def _check_welcomes(findings: Findings, told: Told, database: psycopg.Connection[Any]) -> None:
    """Who signed up was welcomed once."""
    signed_up = {one.user for one in told.truths.values() if one.name == "Signed Up"}
    welcomed = database.execute(
        "SELECT i.value FROM enrolments AS e JOIN journeys AS j ON j.id = e.journey_id AND j.slug = 'welcome' "
        "JOIN identifiers AS i ON i.customer_id = e.customer_id AND i.kind = 'user_id'"
    ).fetchall()
    findings.add("welcomed not once", sorted((Counter(row[0] for row in welcomed) - Counter(signed_up)).elements()))
    findings.add("signed up and never welcomed", sorted(signed_up - {row[0] for row in welcomed}))
    findings.figures["customers"] = len(signed_up)


def _check_mail(findings: Findings, database: psycopg.Connection[Any], sink: Path, kills: Sequence[float]) -> None:
    got: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for line in lines(sink):
        if line["kind"] == "mail":
            got[line["id"]][line["number"]] = line
        elif line["kind"] == "answer":
            got[line["id"]][line["number"]]["answer"] = line["answer"]
    rows = database.execute(
        "SELECT 'msg_' || replace(m.id::text, '-', ''), m.purpose, m.state, "
        "array_agg(d.outcome ORDER BY d.attempt), array_agg(extract(epoch FROM d.started_at) ORDER BY d.attempt) "
        "FROM messages AS m LEFT JOIN deliveries AS d ON d.message_id = m.id GROUP BY m.id"
    ).fetchall()
    findings.add("mail of no message", sorted(got.keys() - {row[0] for row in rows}))
    states: Counter[str] = Counter()
    unexplained = 0
    for mail, purpose, state, outcomes, started in rows:
        states[state] += 1
        mails = list(got.get(mail, {}).values())
        unknown = [float(at) for outcome, at in zip(outcomes, started, strict=True) if outcome == "unknown"]
        withheld = sum(one.get("answer") != "delivered" for one in mails)
        killed = sum(any(at - 1 < kill < at + lease_s for kill in kills) for at in unknown)
        if purpose == "marketing" and len(mails) > 1:
            findings.add(f"marketing mail {mail} twice", mails)
        if len(mails) > 1 + len(unknown):
            findings.add(f"mail {mail} more often than its answer was lost", [*mails, outcomes])
        if len(unknown) > withheld + killed:
            findings.add(f"mail {mail} of unknown fate, though nothing happened", [*mails, outcomes])
        acknowledged = sum(one.get("answer") == "delivered" for one in mails)
        if state == "sent" and not acknowledged:
            findings.add(f"mail {mail} sent, and nobody acknowledged it", [*mails, outcomes])
        if state != "sent" and acknowledged and not unknown:
            findings.add(f"mail {mail} acknowledged, and {state}", [*mails, outcomes])
        if state == "withheld" and mails and not unknown:
            findings.add(f"mail {mail} withheld and sent", mails)
        unexplained += state == "unknown"
    if unexplained > len(kills) * concurrency_max + sum(
        1 for one in got.values() for m in one.values() if m.get("answer") != "delivered"
    ):
        findings.add("more of unknown fate than could be in flight", [unexplained])
    findings.figures |= {f"messages {state}": many for state, many in sorted(states.items())}
    findings.figures["mails"] = sum(map(len, got.values()))


def _check_consent(findings: Findings, client: Path, sink: Path, spare_s: float) -> None:
    left = {line["to"]: line["t"] for line in lines(client) if line["kind"] == "left"}
    after = [
        (line["to"], line["began"] - left[line["to"]])
        for line in lines(sink)
        if line["kind"] == "mail"
        and ":marketing:" in line.get("about", "")
        and line["to"] in left
        and line["began"] > left[line["to"]] + spare_s
    ]
    findings.add("marketing mail after the way out was taken", after)
    findings.figures["ways out taken"] = len(left)


def check_warehouse(findings: Findings, file: Path, log: Sequence[tuple[int, str]]) -> None:
    """`log`: number and name of every event in PostgreSQL. The product must have let go of the file."""
    with duckdb.connect(str(file), read_only=True) as warehouse:
        rows = warehouse.execute("SELECT seq, name FROM events ORDER BY seq").fetchall()
    findings.add("in the log or the warehouse alone", sorted(set(log) ^ set(rows)))
    findings.add("in the warehouse twice", [] if len(rows) == len(set(rows)) else [len(rows) - len(set(rows))])
