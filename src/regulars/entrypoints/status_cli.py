"""The commands `status` and `rejections`: parse, call, print."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from regulars.entrypoints.console import AsJson, Data, out, print_json, run_to_end, settings_from
from regulars.entrypoints.status_command import discard, rejection_lines, rejections, retry, status
from regulars.platform.telemetry import configure_logging


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the program."""
    app.command(name="status")(status_command)
    app.command(name="rejections")(rejections_command)


def status_command(data: Data = None, as_json: AsJson = False) -> None:
    """Say what waits, how ticks go, who is at work and what is wrong; 1 if anything is."""
    configure_logging("pretty", level="ERROR")
    report = run_to_end(status(settings_from(data=data)))
    if as_json:
        print_json(report.as_json())
    else:
        out.print(report.in_words(), markup=False)
    if report.findings:
        raise typer.Exit(1)


def rejections_command(
    data: Data = None,
    retry_ids: Annotated[list[str] | None, typer.Option("--retry", metavar="ID", help="Take it once more.")] = None,
    discard_ids: Annotated[list[str] | None, typer.Option("--discard", metavar="ID", help="Forget it.")] = None,
    quarantined: Annotated[bool, typer.Option("--quarantined", help="Only what was accepted and put aside.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what was refused or put aside; take some of it once more, or forget it."""
    configure_logging("pretty", level="ERROR")
    settings = settings_from(data=data)
    answer: dict[str, Any] = {}
    if retry_ids:
        answer["retried"] = run_to_end(retry(settings, retry_ids))
    if discard_ids:
        answer["discarded"] = run_to_end(discard(settings, discard_ids))
    if not answer:
        answer["rejections"] = run_to_end(rejections(settings, quarantined=quarantined or None))
    if as_json:
        print_json(answer)
    for line in () if as_json else rejection_lines(answer):
        out.print(line, markup=False)
    if any(one["outcome"] != "accepted" for one in answer.get("retried", ())):
        raise typer.Exit(1)
