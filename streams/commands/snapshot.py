"""The command `wachtmonitor snapshot`: the month in Grafana, and what snapshots there are."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from streams.commands.common import local_time, read, write_output
from streams.commands.options import load_settings, month_value, settings_option
from streams.kafka.permission import allowed
from streams.kafka.rights import Role
from streams.kafka.writer import FENCED
from streams.months.closing.due import shown_since
from streams.months.month import Sources
from streams.months.reading import UNUSABLE, read_sources
from streams.months.snapshot.grafana import Grafana, GrafanaError
from streams.months.snapshot.make import Picture, SnapshotError, delete, due, make, obstacle, picture, read_snapshots
from streams.months.snapshot.prometheus import Prometheus, PrometheusError
from streams.process.clock import system_clock
from streams.process.stoppable import run
from streams.records.snapshots import Index, SnapshotIndexError
from streams.settings import KafkaSettings, Settings

PATIENCE_SECONDS: Final = 5.0
"""How long Grafana and Prometheus may take to say what is wrong: `list` is about what was made."""

T = TypeVar("T")
Json = dict[str, Any]


@click.group(invoke_without_command=True)
@click.option("--month", callback=month_value, metavar="YYYY-MM", help="The month to show, such as 2026-10.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, panel by panel, and send nothing.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="With --dry-run: the JSON as a file.")
@click.option(
    "--dashboard",
    "dashboard_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With --dry-run: a dashboard's JSON instead of the one in Grafana, which is not asked then.",
)
@click.option("--keep", is_flag=True, help="Make one more in any case, and leave the month's others in Grafana.")
@settings_option
@click.pass_context
def snapshot(
    ctx: click.Context,
    *,
    month: str | None,
    dry_run: bool,
    output: Path | None,
    dashboard_file: Path | None,
    keep: bool,
    settings_file: Path | None,
) -> None:
    """Make the Grafana snapshot of a month: a copy of the Month dashboard that holds its figures.

    A worker makes that of each month by itself: a provisional one on the first working day after it, and the one that
    stays once the month is closed. Made again it changes nothing, unless it would show something else: then the new
    one takes the place of the old.
    """
    if ctx.invoked_subcommand is not None:
        return
    if month is None:
        raise click.UsageError("Name the month, such as --month 2026-10, or ask for a subcommand: list, delete.")
    if not dry_run and (output or dashboard_file):
        raise click.UsageError("--output and --dashboard show what would be sent: add --dry-run, or leave them out.")
    settings = load_settings(settings_file)
    if dry_run:
        _show(_drawn(settings, month, dashboard_file), output)
        return
    result = _done(settings, make(settings, read(settings.kafka), month, system_clock(), keep=keep))
    what = "made" if result.is_new else "there already, and shows the same"
    click.echo(f"The snapshot {result.entry.name!r} is {what}: {result.entry.url}")
    if result.deleted:
        click.echo(f"Deleted: {result.deleted} of the same month that it takes the place of.")


def _drawn(settings: Settings, month: str, dashboard_file: Path | None) -> Picture:
    try:
        if dashboard_file is not None:
            dashboard: Json = msgspec.json.decode(dashboard_file.read_bytes(), type=dict[str, Any])
        else:
            dashboard = Grafana(settings.grafana).dashboard(settings.grafana.dashboard_uid)
        figures = Prometheus(settings.prometheus)
        return picture(read(settings.kafka), month, settings, dashboard, figures=figures, now_ms=system_clock())
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{dashboard_file} is no dashboard in JSON: {error}") from error
    except (SnapshotError, GrafanaError, PrometheusError) as error:
        raise click.ClickException(str(error)) from error


def _show(drawn: Picture, output: Path | None) -> None:
    time = drawn.dashboard["time"]
    click.echo(f"{drawn.name}: {drawn.size_bytes:,} bytes, {time['from']} to {time['to']}, nothing is sent.")
    for panel in drawn.dashboard["panels"]:
        frames = [frame for target in panel.get("targets", []) for frame in target["snapshot"]]
        rows = sum(len(frame["data"]["values"][0]) for frame in frames if frame["data"]["values"])
        has = f"{len(frames)} frames, {rows} rows" if frames else "no data"
        click.echo(f"  {panel['type']:<12} {panel.get('title') or '-'}: {has}")
    if output is not None:
        write_output(msgspec.json.format(msgspec.json.encode(drawn.dashboard), indent=2), output)


@snapshot.command(name="list")
@settings_option
def list_snapshots(settings_file: Path | None) -> None:
    """The snapshots that were made, by month, with their addresses, and those that are to be made and wait."""
    settings = load_settings(settings_file)
    zone = settings.rules.zone
    index, sources = _done(settings, _index_and_sources(settings.kafka))
    found = [entry for entries in index.values() for entry in entries if entry.state != "deleted"]
    for entry in found:
        until = "" if entry.expires_ms is None else f", until {local_time(entry.expires_ms, zone)}"
        place = entry.url or "begun and not finished: run the command for this month again"
        click.echo(f"{entry.month}  {entry.name}, of {local_time(entry.at_ms, zone)}{until}\n         {place}")
    if not found:
        click.echo("No snapshot was made.")
    if settings.grafana.url is not None:
        _show_waiting(settings, due(index, shown_since(sources, settings, system_clock()), system_clock()))


async def _index_and_sources(kafka: KafkaSettings) -> tuple[Index, Sources]:
    return await read_snapshots(kafka), await read_sources(kafka)


def _show_waiting(settings: Settings, months: list[str]) -> None:
    """The months of which a snapshot is to be made, and what keeps it from being made."""
    if not months:
        return
    why = obstacle(settings, PATIENCE_SECONDS)
    for month in months:
        click.echo(f"{month}  is to be made" + (", and waits" if why else ", by a worker, once all is counted"))
    if why:
        click.echo(f"         {why}")


@snapshot.command(name="delete")
@click.argument("month", callback=month_value, metavar="YYYY-MM")
@settings_option
def delete_snapshots(month: str, settings_file: Path | None) -> None:
    """Delete the snapshots of a month from Grafana; no worker makes them again, unless the month is closed anew."""
    settings = load_settings(settings_file)
    gone = _done(settings, delete(settings, month, system_clock()))
    if not gone:
        raise click.ClickException(f"There is no snapshot of {month}. See: wachtmonitor snapshot list")
    click.echo(f"Deleted: {len(gone)} of {month}.")


def _done(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    try:
        return run(allowed(settings.kafka, Role.SNAPSHOT, work))
    except FENCED as error:
        raise click.ClickException("Somebody else makes or deletes a snapshot at this moment. Try again.") from error
    except (SnapshotError, GrafanaError, PrometheusError, SnapshotIndexError, *UNUSABLE) as error:
        raise click.ClickException(str(error)) from error
