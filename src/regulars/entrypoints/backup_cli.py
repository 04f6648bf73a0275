"""The commands that keep an installation safe: `backup`, `restore`, `sending`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import Progress

from regulars import bootstrap
from regulars.domains.messages.service import holding
from regulars.domains.messages.service.holding import Doubtful
from regulars.entrypoints import backup_command
from regulars.entrypoints.backup_command import Tell
from regulars.entrypoints.console import AsJson, Data, err, fail, out, print_json, run_to_end, settings_from
from regulars.platform.settings import InstallationSettings
from regulars.platform.telemetry import configure_logging

jobs_default: Final = min(4, os.cpu_count() or 1)
Jobs = Annotated[int, typer.Option(help="How many tables are copied at a time.", min=1, max=64)]


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the program."""
    app.command(name="backup")(backup)
    app.command(name="restore")(restore)
    app.command(name="sending")(sending)


def backup(
    data: Data = None,
    to: Annotated[Path | None, typer.Option(help="The folder that keeps the backups.")] = None,
    keep: Annotated[
        int | None, typer.Option(help="Then remove all but the newest so many from that folder.", min=1)
    ] = None,
    verify: Annotated[
        Path | None, typer.Option(help="Make none: read this backup, or the newest in this folder, and check it.")
    ] = None,
    jobs: Jobs = jobs_default,
    as_json: AsJson = False,
) -> None:
    """Back up everything as it is at one instant, while a server runs or while none does; or check a backup."""
    configure_logging("pretty", level="WARNING")
    if (to is None) == (verify is None):
        fail("Say with --to which folder keeps the backups, or with --verify which one to check.", code=2)
    with _telling(as_json) as tell:
        if verify is not None:
            folder, manifest = run_to_end(backup_command.verify(_plain(verify), tell))
            removed: tuple[Path, ...] = ()
        elif to is not None:
            made = run_to_end(
                backup_command.backup(settings_from(data=data), _plain(to), keep=keep, jobs=jobs, tell=tell)
            )
            folder, manifest, removed = made.folder, made.manifest, made.removed
    if as_json:
        report = {
            "backup": str(folder),
            "instant": manifest.instant.isoformat(),
            "product": manifest.product,
            "schema": manifest.schema[-1].number,
            "bytes": manifest.bytes,
            "rows": manifest.rows,
            "tables": dict(manifest.tables),
            "removed": [str(one) for one in removed],
        }
        print_json(report)
        return
    done = "is whole" if verify is not None else "made, and read back"
    out.print(f"{folder} {done}: {manifest.rows:,} rows as of {manifest.instant:%Y-%m-%d %H:%M:%S} UTC, ", end="")
    out.print(f"{manifest.bytes / 1e6:,.1f} MB.")
    for one in removed:
        out.print(f"  removed {one}")


def restore(
    from_: Annotated[Path, typer.Option("--from", help="A backup, or a folder of backups: the newest of them.")],
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Set aside what is in the data folder.")] = False,
    jobs: Jobs = jobs_default,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty data folder, or an empty database of your own. Nothing is sent afterwards until
    you say so."""
    configure_logging("pretty", level="WARNING")
    with _telling(as_json) as tell:
        done = run_to_end(
            backup_command.restore(settings_from(data=data), _plain(from_), force=force, jobs=jobs, tell=tell)
        )
    if as_json:
        print_json(done.as_json())
    else:
        out.print(done.in_words(), markup=False)


def sending(
    data: Data = None,
    hold: Annotated[bool, typer.Option("--hold", help="Send nothing until --release.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Let what is due go out.")] = False,
    doubtful: Annotated[
        Doubtful,
        typer.Option(help="With --release after a restore: what becomes of messages that may have been sent before."),
    ] = Doubtful.BY_PURPOSE,
    as_json: AsJson = False,
) -> None:
    """Show whether messages go out, hold them back, or release them."""
    configure_logging("pretty", level="WARNING")
    if hold and release:
        fail("Choose one of --hold and --release.", code=2)
    found = run_to_end(_sending(settings_from(data=data), hold=hold, release=release, doubtful=doubtful))
    if as_json:
        print_json(found)
        return
    if found["held"]:
        out.print(f"Sending is held since {found['since']}: {found['because']}.", markup=False)
    else:
        out.print("Messages go out." if found["given_up"] is None else "Sending is released.")
    for purpose, many in found["waiting"].items():
        told = found["doubtful"].get(purpose, 0)
        out.print(f"  {many:,} {purpose} wait" + (f", {told:,} of them may have been sent before" if told else ""))
    if found["given_up"]:
        out.print(
            f"  {found['given_up']:,} that may have been sent before are not sent again; they are listed as unknown."
        )


async def _sending(settings: InstallationSettings, *, hold: bool, release: bool, doubtful: Doubtful) -> dict[str, Any]:
    given_up: int | None = None
    async with bootstrap.run_units(settings) as units, units.open() as unit:
        if hold:
            await holding.hold(unit, "held by hand")
        if release:
            given_up = await holding.release(unit, doubtful)
        now = await holding.held(unit)
        counts = await holding.count(unit)
    return {
        "held": now is not None,
        "since": now.since.isoformat() if now else None,
        "because": now.because if now else None,
        "backup_at": now.backup_at.isoformat() if now and now.backup_at else None,
        "waiting": dict(counts.waiting),
        "doubtful": dict(counts.doubtful),
        "given_up": given_up,
    }


def _plain(path: Path) -> Path:
    return path.expanduser().absolute()


@contextmanager
def _telling(quiet: bool) -> Iterator[Tell]:
    """A line that says what is being worked at, for people who watch."""
    with Progress(console=err, transient=True, disable=quiet or not err.is_terminal) as progress:
        bar = progress.add_task("", total=None)
        yield lambda words: progress.update(bar, description=words)
