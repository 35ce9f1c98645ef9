"""The command `wachtmonitor month`: which months are closed, and closing or reopening one by hand."""

import getpass
import socket
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from streams.commands.common import local_time, read
from streams.commands.options import load_settings, month_value, settings_option
from streams.core.rules import DAY_MS
from streams.kafka.broker_time import APART_MS
from streams.kafka.clock import broker_time
from streams.kafka.permission import allowed
from streams.kafka.rights import Role
from streams.kafka.writer import FENCED
from streams.months.closing.close import close_month, reopen_month
from streams.months.closing.due import Author, NotClosableError, closes_by_itself, closing_ms
from streams.months.month import Sources
from streams.months.reading import UNUSABLE
from streams.process.clock import system_clock
from streams.process.stoppable import run
from streams.records.closings import Closing, Entry
from streams.settings import Settings

T = TypeVar("T")

_CLOSE: Final = "wachtmonitor month close"
_REOPEN: Final = "wachtmonitor month reopen"

_MONTH: Final = click.argument("month", callback=month_value, metavar="YYYY-MM")
_BY: Final = click.option("--by", help="Who does it; without it your user name and this machine.")


@click.group()
def month() -> None:
    """See which months are closed, close one or open it again.

    A worker closes each month by itself at the moment that the settings name. Whatever is done by hand is recorded
    for good: who, when and why. Reports show it.
    """


@month.command(name="list")
@settings_option
def list_months(settings_file: Path | None) -> None:
    """Every month with figures, whether it is closed, and by whom it was closed or opened again."""
    settings = load_settings(settings_file)
    sources = read(settings.kafka)
    for name in sources.months():
        click.echo("\n".join(_described(sources, name, settings)))
    if not sources.months():
        click.echo("No month has figures.")


def _described(sources: Sources, name: str, settings: Settings) -> list[str]:
    zone = settings.rules.zone
    entries = sources.account.get(name, [])
    if isinstance(last := entries[-1] if entries else None, Closing):
        state = (
            "closed"
            if last.at_ms <= system_clock() + APART_MS
            else f"closed by a clock that was ahead: {_REOPEN} {name}"
        )
    else:
        state = f"{'reopened' if entries else 'open'}, {_how_it_closes(name, entries, settings)}"
    return [f"{name}  {state}", *(f"         {_entry(entry, zone)}" for entry in entries)]


def _how_it_closes(name: str, entries: Sequence[Entry], settings: Settings) -> str:
    due_ms = closing_ms(name, settings.closing, settings.rules.zone)
    if closes_by_itself(entries, due_ms):
        return _when_it_closes(due_ms, settings)
    return f"stays open until somebody closes it: {_CLOSE} {name}"


def _when_it_closes(due_ms: int, settings: Settings) -> str:
    now = system_clock()
    if due_ms < now - settings.closing.catch_up_days * DAY_MS:
        return f"too old to close by itself: {_CLOSE}"
    when = f"on {local_time(due_ms, settings.rules.zone)}"
    return f"due to close {when}" if due_ms > now else f"was due to close {when}, and will once nobody fills it"


def _entry(entry: Entry, zone: str) -> str:
    action = "closed" if isinstance(entry, Closing) else "reopened"
    why = f": {entry.why}" if entry.why else ""
    return f"{action} on {local_time(entry.at_ms, zone)} by {entry.by}{why}"


@month.command()
@_MONTH
@click.option("--why", default="", help="The reason, for the record.")
@_BY
@click.option(
    "--force",
    is_flag=True,
    help="Close it although records are missing, which the report counts, or although some may still come, because a "
    "broker does not tell its time or clocks are minutes apart. Never before its moment by any clock that is known.",
)
@settings_option
def close(month: str, why: str, by: str | None, *, force: bool, settings_file: Path | None) -> None:
    """Freeze the figures of a month that has ended, such as an old one that was filled from files."""
    settings = load_settings(settings_file)
    closing = _done(settings, _close(settings, month, by or _user(), why, force=force))
    missing = sum(closing.behind.values())
    click.echo(f"{month} is closed." + (f" It lacks {missing} records; the report says so." if missing else ""))


async def _close(settings: Settings, month: str, by: str, why: str, *, force: bool) -> Closing:
    time = await broker_time(settings.kafka, system_clock)
    if time.doubt is not None and not force:
        raise NotClosableError(f"{month} is not closed: {time.doubt}.")
    at_ms = min(time.now_ms, system_clock()) if force else time.now_ms
    return await close_month(settings, month, Author(by, at_ms, why), time, force=force)


@month.command()
@_MONTH
@click.option("--why", required=True, help="The reason, for the record and the report.")
@_BY
@settings_option
def reopen(month: str, why: str, by: str | None, settings_file: Path | None) -> None:
    """Let the figures of a closed month change again, until somebody closes it.

    One that was closed too early, and is opened before its closing moment, closes by itself when that has come.
    """
    settings = load_settings(settings_file)
    entries = _done(settings, _reopen(settings, month, by or _user(), why))
    click.echo(f"{month} is open again, {_how_it_closes(month, entries, settings)}")


async def _reopen(settings: Settings, month: str, by: str, why: str) -> list[Entry]:
    time = await broker_time(settings.kafka, system_clock)  # whether this machine's is right or not
    return await reopen_month(settings, month, Author(by, time.now_ms, why))


def _done(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    try:
        return run(allowed(settings.kafka, Role.MONTH, work))
    except FENCED as error:
        raise click.ClickException("Somebody else has just closed or reopened a month. Look again.") from error
    except (NotClosableError, *UNUSABLE) as error:
        raise click.ClickException(str(error)) from error


def _user() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
