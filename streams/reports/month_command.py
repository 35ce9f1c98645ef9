"""The command `wachtmonitor month`: which months are closed, and closing or reopening one by hand."""

import asyncio
import getpass
import socket
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from streams.core.rules import DAY_MS
from streams.kafka_permission import allowed
from streams.kafka_rights import Role
from streams.kafka_writer import FENCED
from streams.reports.closed_months import Closing, Reopening
from streams.reports.closer import close_month, reopen_month
from streams.reports.closing import Author, NotClosableError, closing_ms
from streams.reports.month import Sources
from streams.reports.report_command import UNUSABLE, local_time, month_value, now_ms, read
from streams.settings import Settings
from streams.settings_option import load_settings, settings_option

T = TypeVar("T")

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
    if not entries:
        return [f"{name}  open, {_when_it_closes(closing_ms(name, settings.closing, zone), settings)}"]
    state = "closed" if isinstance(entries[-1], Closing) else "reopened"
    return [f"{name}  {state}", *(f"         {_entry(entry, zone)}" for entry in entries)]


def _when_it_closes(due_ms: int, settings: Settings) -> str:
    now = now_ms()
    if due_ms < now - settings.closing.catch_up_days * DAY_MS:
        return "too old to close by itself: wachtmonitor month close"
    when = f"on {local_time(due_ms, settings.rules.zone)}"
    return f"due to close {when}" if due_ms > now else f"was due to close {when}, and will once nobody fills it"


def _entry(entry: Closing | Reopening, zone: str) -> str:
    action = "closed" if isinstance(entry, Closing) else "reopened"
    why = f": {entry.why}" if entry.why else ""
    return f"{action} on {local_time(entry.at_ms, zone)} by {entry.by}{why}"


@month.command()
@_MONTH
@click.option("--why", default="", help="The reason, for the record.")
@_BY
@click.option("--force", is_flag=True, help="Close it although records are missing; the report says how many.")
@settings_option
def close(month: str, why: str, by: str | None, *, force: bool, settings_file: Path | None) -> None:
    """Freeze the figures of a month that has ended, such as an old one that was filled from files."""
    settings = load_settings(settings_file)
    author = Author(by or _user(), now_ms(), why)
    closing = _done(settings, close_month(settings, month, author, force=force))
    missing = sum(closing.behind.values())
    click.echo(f"{month} is closed." + (f" It lacks {missing} records; the report says so." if missing else ""))


@month.command()
@_MONTH
@click.option("--why", required=True, help="The reason, for the record and the report.")
@_BY
@settings_option
def reopen(month: str, why: str, by: str | None, settings_file: Path | None) -> None:
    """Let the figures of a closed month change again, until somebody closes it."""
    settings = load_settings(settings_file)
    _done(settings, reopen_month(settings, month, Author(by or _user(), now_ms(), why)))
    click.echo(f"{month} is open again. Close it with: wachtmonitor month close {month}")


def _done(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(allowed(settings.kafka, Role.MONTH, work))
    except FENCED as error:
        raise click.ClickException("Somebody else has just closed or reopened a month. Look again.") from error
    except (NotClosableError, *UNUSABLE) as error:
        raise click.ClickException(str(error)) from error


def _user() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
