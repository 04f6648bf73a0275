"""The command line: parse, call, print. Exit codes: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import psycopg
import structlog
import typer
from rich.progress import Progress

from regulars import bootstrap
from regulars.bootstrap import Product
from regulars.domains.members import service as members
from regulars.domains.verdicts import service as verdicts
from regulars.entrypoints import backup_cli, demo, doctor, guard, lists_command, server, status_cli
from regulars.entrypoints.console import AsJson, Data, print_json
from regulars.entrypoints.console import err as _err
from regulars.entrypoints.console import out as _out
from regulars.entrypoints.console import run_to_end as _run
from regulars.entrypoints.console import settings_from as _settings
from regulars.entrypoints.import_command import import_file
from regulars.entrypoints.reconcile import reconcile
from regulars.platform.telemetry import configure_logging
from regulars.platform.warehouse.reconciling import Compared
from regulars.shared.ids import inside, outside

app: Final = typer.Typer(
    name="regulars",
    help="Customer lifecycle management: turns strangers into regulars.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
lists_app: Final = typer.Typer(help="Static lists: customers put together by file.", no_args_is_help=True)
app.add_typer(lists_app, name="lists")
backup_cli.add_to(app)
status_cli.add_to(app)

Host = Annotated[str | None, typer.Option(help="The address to listen on. Default: 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on. Default: 8080.")]
Log = Annotated[Literal["json", "pretty"], typer.Option(help="How the log on stderr is written.")]
ListSlug = Annotated[str, typer.Argument(metavar="SLUG", help="The list.")]
PeopleFile = Annotated[
    Path, typer.Option("--file", help="A CSV, JSON-lines or Parquet file.", exists=True, dir_okay=False)
]
Column = Annotated[str, typer.Option(help="The column that names the customers.")]
By = Annotated[
    lists_command.By | None,
    typer.Option(help="What the column holds. Default: what its name says, if it is one of these."),
]
UnknownTo = Annotated[Path | None, typer.Option("--unknown", help="Where to write those nobody is known by.")]
Encoding = Annotated[str | None, typer.Option(help="The file's encoding, when guessing it fails.")]
Separator = Annotated[str | None, typer.Option(help="What stands between a CSV's fields.")]


@app.command()
def serve(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    role: Annotated[
        Literal["all", "web", "worker"] | None, typer.Option(help="What this process does. Default: all.")
    ] = None,
    log: Log = "json",
) -> None:
    """Serve everything: the event API, the web app, the worker, and PostgreSQL if you bring none."""
    configure_logging(log)
    settings = _settings(data=data, host=host, port=port, role=role)
    guard.stand_guard(() if settings.role == "web" else guard.BY_PYARROW)
    try:
        _run(server.serve(settings, ready=_say_first_words))
    except psycopg.OperationalError as error:
        structlog.get_logger(__name__).error("database_lost_while_starting", error=str(error))
        raise typer.Exit(guard.START_AGAIN) from None


@app.command(name="demo")
def demo_command(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No shoppers walk through the store.")] = False,
    log: Log = "json",
) -> None:
    """Fill an empty data folder with a living store, and serve it."""
    configure_logging(log)
    settings = _settings(default_data="regulars-data/demo", data=data, host=host, port=port)
    _run(demo.serve_demo(settings, shoppers=not quiet, say=_err.print))


@app.command(name="import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A CSV, JSON-lines or Parquet file.", exists=True, dir_okay=False)],
    mapping: Annotated[str, typer.Option(help="A shipped mapping's name, or a mapping file.")],
    kind: Annotated[Literal["orders", "events", "customers"] | None, typer.Option(help="What the rows are.")] = None,
    data: Data = None,
    timezone: Annotated[str, typer.Option(help="The zone of times that name none.")] = "UTC",
    encoding: Annotated[str | None, typer.Option(help="The file's encoding, when guessing it fails.")] = None,
    separator: Annotated[str | None, typer.Option(help="What stands between a CSV's fields.")] = None,
    shift_days: Annotated[int | None, typer.Option(help="Move every time by this many days.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Said or not, an interrupted import goes on.")] = True,
    rejected: Annotated[Path | None, typer.Option(help="Where rejected rows go. Default: FILE.rejected.jsonl.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check every row, store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in history from a file. It fires no journey. Run it again to go on where it was interrupted."""
    configure_logging("pretty", level="WARNING")
    settings = _settings(data=data)
    report = _run(
        import_file(
            settings,
            file,
            mapping=mapping,
            kind=kind,
            dry_run=dry_run,
            timezone=timezone,
            encoding=encoding,
            separator=separator,
            shift_days=shift_days,
            rejected=rejected,
            console=None if as_json else _err,
        )
    )
    if as_json:
        print_json(report.as_json())
    else:
        _out.print(report.in_words())
    if report.failed:
        raise typer.Exit(1)


@app.command()
def keys(
    data: Data = None,
    revoke: Annotated[str | None, typer.Option(help="Revoke the key with this id.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the keys instead of making one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the write key and a new admin key; list or revoke keys. For whoever can read the data folder."""
    configure_logging("pretty", level="WARNING")
    answer = _run(_keys(data, revoke, list_all))
    if as_json:
        print_json(answer)
    elif list_all:
        for one in answer["keys"]:
            _out.print(f"{one['id']}  {one['kind']:5}  {one['prefix']}…  {one['state']:8} {one['name']}")
    else:
        for name, value in answer.items():
            _out.print(f"{name}: {value}")


@app.command(name="doctor")
def doctor_command(data: Data = None, port: Port = None, as_json: AsJson = False) -> None:
    """Check this set-up and say what to do about what is wrong."""
    configure_logging("pretty", level="ERROR")
    findings = _run(doctor.examine(_settings(data=data, port=port)))
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            _out.print(finding.in_words())
    if any(not finding.well for finding in findings):
        raise typer.Exit(1)


@lists_app.command(name="add")
def add_to_list(
    slug: ListSlug,
    file: PeopleFile,
    column: Column = "email",
    by: By = None,
    create: Annotated[bool, typer.Option("--create", help="Make the list if it is not there.")] = False,
    unknown: UnknownTo = None,
    encoding: Encoding = None,
    separator: Separator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Put the customers in a file on a list."""
    asked = {"column": column, "by": by, "unknown": unknown, "encoding": encoding, "separator": separator}
    _change_list(data, slug, file, as_json, create=create, **asked)


@lists_app.command(name="remove")
def remove_from_list(
    slug: ListSlug,
    file: PeopleFile,
    column: Column = "email",
    by: By = None,
    unknown: UnknownTo = None,
    encoding: Encoding = None,
    separator: Separator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take the customers in a file off a list."""
    asked = {"column": column, "by": by, "unknown": unknown, "encoding": encoding, "separator": separator}
    _change_list(data, slug, file, as_json, off=True, **asked)


def _change_list(data: Path | None, slug: str, file: Path, as_json: bool, **asked: Any) -> None:
    configure_logging("pretty", level="WARNING")
    report = _run(lists_command.change_by_file(_settings(data=data), slug, file, **asked))
    if as_json:
        print_json(report.as_json())
    else:
        _out.print(report.in_words(), markup=False)
    if report.failed:
        raise typer.Exit(1)


@lists_app.command(name="show")
def show_list(slug: ListSlug, data: Data = None, as_json: AsJson = False) -> None:
    """Show a list and its newest members."""
    configure_logging("pretty", level="WARNING")
    found = _run(lists_command.shown(_settings(data=data), slug))
    if as_json:
        print_json(found)
        return
    _out.print(f"{found['slug']}  {found['name']}  {found['members']:,} members", markup=False)
    for one in found["newest"]:
        _out.print(f"  {one['id']}  {one['email'] or ''}  {one['name'] or ''}", markup=False)


@lists_app.command(name="list")
def list_lists(data: Data = None, as_json: AsJson = False) -> None:
    """List the static lists."""
    configure_logging("pretty", level="WARNING")
    found = _run(lists_command.listed(_settings(data=data)))
    if as_json:
        print_json({"lists": found})
        return
    for one in found:
        _out.print(f"{one['members']:>10,}  {one['slug']}  {one['name']}", markup=False)


@app.command(name="summaries")
def summaries_command(
    data: Data = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Keep what the history gives.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make every customer's summary anew from the history and compare; 1 if any differs."""
    configure_logging("pretty", level="WARNING")
    report = _run(_summaries(data, rebuild=rebuild))
    if as_json:
        print_json({**report, "rebuilt": rebuild})
    else:
        _out.print(
            f"{report['summaries']:,} summaries, {report['differing']:,} differ from the history, "
            f"{report['by_history']:,} customers are judged by their history."
        )
        for customer in report["examples"]:
            _out.print(f"  differs: {customer}")
    if report["differing"] and not rebuild:
        raise typer.Exit(1)


async def _summaries(data: Path | None, *, rebuild: bool) -> dict[str, Any]:
    async with bootstrap.run_units(_settings(data=data)) as units:
        report = await verdicts.check_summaries(units, at=units.clock.now(), rebuild=rebuild)
    examples = [outside("customer", customer) for customer in report.examples]
    return {
        "summaries": report.summaries,
        "differing": report.differing,
        "by_history": report.by_history,
        "examples": examples,
    }


@app.command(name="reconcile")
def reconcile_command(data: Data = None, host: Host = None, port: Port = None, as_json: AsJson = False) -> None:
    """Prove that the warehouse holds what the log holds, row by row. Ends with 1 and names the ranges that differ."""
    configure_logging("pretty", level="WARNING")
    with Progress(console=_err, transient=True, disable=as_json or not _err.is_terminal) as progress:
        bar = progress.add_task("", total=None)

        def tell(found: Compared) -> None:
            progress.update(bar, description=f"{found.fact} to {found.last:,}")

        report = _run(reconcile(_settings(data=data, host=host, port=port), tell))
    if as_json:
        print_json(report.as_json())
    else:
        _out.print(report.in_words())
    if report.differing:
        raise typer.Exit(1)


async def _keys(data: Path | None, revoke: str | None, list_all: bool) -> dict[str, Any]:
    async with bootstrap.run_units(_settings(data=data)) as units, units.open() as unit:
        if revoke is not None:
            await members.revoke_key(unit, inside("key", revoke))
            return {"revoked": revoke}
        if list_all:
            page = await members.keys(unit, None, 200)
            return {
                "keys": [
                    {
                        "id": outside("key", key.id),
                        "kind": str(key.kind),
                        "name": key.name,
                        "prefix": key.prefix,
                        "state": "revoked" if key.revoked_at else "in force",
                    }
                    for key in page.items
                ]
            }
        return {
            "write_key": await members.write_key(unit),
            "admin_key": await members.new_admin_key(unit, "command line"),
        }


async def _say_first_words(product: Product) -> None:
    await server.offer_lifecycles(product)
    words = await server.first_words(product)
    _err.print(f"\n[bold]Regulars is ready at {product.public_url}[/bold]")
    _err.print(f"  write key   {words['write_key']}")
    if "admin_key" in words:
        _err.print(f"  admin key   {words['admin_key']}   (shown this once)")
    if "setup_url" in words:
        _err.print(f"  sign up     {words['setup_url']}   (once, within a day)")
    if "held" in words:
        _err.print(f"  [bold]Sending is held[/bold]: {words['held']}. Let mail go out with: regulars sending --release")
    _err.print()


def main() -> None:
    sys.exit(app())
