"""What every command does alike: settings from options and environment, one line for what went wrong, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
import uvloop
from rich.console import Console

from regulars import bootstrap
from regulars.platform.settings import InstallationSettings
from regulars.shared.errors import DomainError

# What we write holds customers' lives: its files are their owner's alone. Others may at most pass through its folders,
# since root's PostgreSQL runs as another user.
hidden_from_others: Final = 0o066

out: Final = Console(soft_wrap=True, highlight=False)
err: Final = Console(stderr=True, soft_wrap=True, highlight=False)

Data = Annotated[Path | None, typer.Option(help="The data folder. Default: ./regulars-data, or REGULARS_DATA.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def settings_from(*, default_data: str = "regulars-data", **given: object) -> InstallationSettings:
    """Ends with 2 when they are not understood."""
    try:
        return bootstrap.settings_of_environment(default_data=default_data, **given)
    except DomainError as error:
        fail(error.detail, code=2)


def run_to_end(work: Coroutine[Any, Any, Any]) -> Any:
    """What goes wrong for a reason is told in one line, without a traceback."""
    os.umask(hidden_from_others)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except DomainError as error:
        fail(error.detail, code=1)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def print_json(answer: object) -> None:
    """For programs, on a line of its own: nothing in it is markup or broken to fit a screen."""
    print(json.dumps(answer))  # noqa: T201


def fail(words: str, *, code: int) -> NoReturn:
    err.print(f"[red]regulars:[/red] {words}")
    raise typer.Exit(code)
