"""The command `wachtmonitor snapshot`: the month in Grafana, and what snapshots there are."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from streams.kafka_permission import allowed
from streams.kafka_rights import Role
from streams.kafka_writer import FENCED
from streams.reports.grafana import Grafana, GrafanaError
from streams.reports.report_command import UNUSABLE, local_time, month_value, now_ms, read, write_output
from streams.reports.snapshot_index import SnapshotIndexError
from streams.reports.snapshots import Picture, SnapshotError, delete, make, picture, read_snapshots
from streams.settings import Settings
from streams.settings_option import load_settings, settings_option

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
    """Make the Grafana snapshot of a month: the Month dashboard with its figures, that needs no data source.

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
    result = _done(settings, make(settings, read(settings.kafka), month, now_ms(), keep=keep))
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
        return picture(read(settings.kafka), month, settings, dashboard)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{dashboard_file} is no dashboard in JSON: {error}") from error
    except (SnapshotError, GrafanaError) as error:
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
    """The snapshots that were made, by month, with their addresses."""
    settings = load_settings(settings_file)
    zone = settings.rules.zone
    index = _done(settings, read_snapshots(settings.kafka))
    found = [entry for entries in index.values() for entry in entries if entry.state != "deleted"]
    for entry in found:
        until = "" if entry.expires_ms is None else f", until {local_time(entry.expires_ms, zone)}"
        place = entry.url or "begun and not finished: run the command for this month again"
        click.echo(f"{entry.month}  {entry.name}, of {local_time(entry.at_ms, zone)}{until}\n         {place}")
    if not found:
        click.echo("No snapshot was made.")


@snapshot.command(name="delete")
@click.argument("month", callback=month_value, metavar="YYYY-MM")
@settings_option
def delete_snapshots(month: str, settings_file: Path | None) -> None:
    """Delete the snapshots of a month from Grafana; no worker makes them again, unless the month is closed anew."""
    settings = load_settings(settings_file)
    gone = _done(settings, delete(settings, month, now_ms()))
    if not gone:
        raise click.ClickException(f"There is no snapshot of {month}. See: wachtmonitor snapshot list")
    click.echo(f"Deleted: {len(gone)} of {month}.")


def _done(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(allowed(settings.kafka, Role.SNAPSHOT, work))
    except FENCED as error:
        raise click.ClickException("Somebody else makes or deletes a snapshot at this moment. Try again.") from error
    except (SnapshotError, GrafanaError, SnapshotIndexError, *UNUSABLE) as error:
        raise click.ClickException(str(error)) from error
