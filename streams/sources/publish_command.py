"""`wachtmonitor publish`: the contacts in a delimited file into Kafka, with progress and an account of every row.

How a row becomes events is in `streams.sources.delimited`, what a mapping may say in `streams.sources.mapping`.
"""

import asyncio
import os
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import click
import msgspec
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from streams.kafka import KafkaProblemsError
from streams.settings import KafkaSettings, Settings, SettingsError, load
from streams.sources.delimited import LeftOut, Row, read_rows
from streams.sources.mapping import FileMapping, MappingError, load_mapping
from streams.sources.mapping_kinds import EVENT_TYPES, AnyEvent
from streams.sources.sender import EventSender, SendError, ensure_source_topics

LINES_SHOWN: Final = 3
"""Lines named for each reason: enough to see what is wrong with the file, and a summary that fits on a screen."""

EVENTS_SHOWN: Final = 6
"""Events that a dry run shows: two or three contacts."""

ROWS_BETWEEN_PROGRESS: Final = 500
"""Rows between two updates of the progress bar: some dozens in a second."""

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells expect it: 128 + SIGINT."""


class UsageProblem(click.ClickException):
    """What was asked for cannot be done as it was asked; nothing was sent."""

    exit_code = 2


_EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command()
@click.argument("file", type=_EXISTING_FILE)
@click.option(
    "--mapping", "mapping_file", type=_EXISTING_FILE, required=True, help="TOML file: which column is what."
)
@click.option("--settings", "settings_file", type=_EXISTING_FILE, help="The city's settings file.")
@click.option("--dry-run", is_flag=True, help="Read the whole file, show its first events, send nothing.")
def publish(file: Path, mapping_file: Path, settings_file: Path | None, dry_run: bool) -> None:
    """Send the calls or tickets in a delimited FILE to Kafka.

    Each row is one contact or one event; a mapping says which column is which fact. A row that cannot be read is
    left out and counted under its reason, the others go on. Sending a file twice changes no figure.

    \b
    Exit code:
      0  every row was sent, or left out because the mapping says so
      1  some rows could not be read; the others were sent
      2  the command, the mapping or the settings are wrong; nothing was sent
      3  Kafka did not take every event; run it again
    """
    mapping, settings = _load(mapping_file, settings_file)
    account = Account()
    shown: list[AnyEvent] = []
    with file.open("rb") as stream, _progress() as progress:
        try:
            rows = read_rows(stream, mapping)
        except MappingError as error:
            raise UsageProblem(_all_problems(mapping_file, error)) from error
        rows = account.of(_tracked(rows, progress, stream, file))
        if dry_run:
            shown = _first_events(rows)
        else:
            _send(rows, settings.kafka, account)
    for event in shown:
        click.echo(msgspec.json.encode(event).decode())
    click.echo(account.text(sent=not dry_run))
    if account.unreadable:
        sys.exit(1)


class Account:
    """What became of every row: events by type, rows left out by reason with the first lines of each."""

    def __init__(self) -> None:
        self.rows = 0
        self.events: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        """Rows by the mapping's reasons."""
        self.unreadable: Counter[str] = Counter()
        """Rows by the fixed reasons for which a row cannot be read."""
        self._lines: dict[str, list[str]] = {}

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted as they pass."""
        for row in rows:
            self.rows += 1
            self.events.update([str(event.__struct_config__.tag) for event in row.events])
            if row.left_out is not None:
                self._leave_out(row.line, row.left_out)
            yield row

    def _leave_out(self, line: int, left_out: LeftOut) -> None:
        if left_out.on_purpose:
            self.left_out[left_out.reason] += 1
            return
        self.unreadable[left_out.reason] += 1
        lines = self._lines.setdefault(left_out.reason, [])
        if len(lines) < LINES_SHOWN:
            column = f", column {left_out.column}" if left_out.column else ""
            expected = f", expected {left_out.expected}" if left_out.expected else ""
            lines.append(f"    line {line}{column}{expected}")

    def text(self, *, sent: bool) -> str:
        """The account for a person, one line for each thing counted."""
        types = ", ".join(f"{self.events[name]:,} {name}" for name in EVENT_TYPES if self.events[name])
        lines = [
            f"Rows read: {self.rows:,}",
            f"Events {'sent' if sent else 'found, none sent'}: {self.events.total():,}{types and f' ({types})'}",
            f"Rows left out as the mapping says: {self.left_out.total():,}",
            *(f"  {reason}: {count:,}" for reason, count in self.left_out.most_common()),
            f"Rows left out as unreadable: {self.unreadable.total():,}",
        ]
        for reason, count in self.unreadable.most_common():
            lines += [f"  {reason}: {count:,}", *self._lines[reason]]
            if count > LINES_SHOWN:
                lines.append(f"    and {count - LINES_SHOWN:,} more")
        return "\n".join(lines)


def _load(mapping_file: Path, settings_file: Path | None) -> tuple[FileMapping, Settings]:
    """Both files, or one error with the problems of both."""
    problems, mapping, settings = [], None, None
    try:
        mapping = load_mapping(mapping_file)
    except MappingError as error:
        problems.append(_all_problems(mapping_file, error))
    try:
        settings = load(settings_file, os.environ)
    except SettingsError as error:
        problems.append(str(error))
    if mapping is None or settings is None:
        raise UsageProblem("\n".join(problems))
    return mapping, settings


def _all_problems(mapping_file: Path, error: MappingError) -> str:
    count = len(error.problems)
    problems = "".join(f"\n- {problem}" for problem in error.problems)
    return f"{count} {'problem' if count == 1 else 'problems'} in the mapping {mapping_file}:{problems}"


def _progress() -> Progress:
    """A bar for where a person looks on; elsewhere it shows nothing."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tracked(rows: Iterable[Row], progress: Progress, stream: BinaryIO, file: Path) -> Iterator[Row]:
    """The same rows; the bar moves with the bytes read while they pass."""
    task = progress.add_task(file.name, total=file.stat().st_size)
    for number, row in enumerate(rows, 1):
        if number % ROWS_BETWEEN_PROGRESS == 0:
            progress.update(task, completed=stream.tell())
        yield row


def _first_events(rows: Iterable[Row]) -> list[AnyEvent]:
    """Reads all rows, and keeps the events that a dry run shows."""
    events = (event for row in rows for event in row.events)
    first = list(islice(events, EVENTS_SHOWN))
    deque(events, maxlen=0)
    return first


def _send(rows: Iterable[Row], kafka: KafkaSettings, account: Account) -> None:
    sender = EventSender(kafka)
    try:
        asyncio.run(_deliver((event for row in rows for event in row.events), sender, kafka))
    except KeyboardInterrupt:
        click.echo(f"Stopped. Rows read: {account.rows:,}, events arrived: {sender.acknowledged:,}.", err=True)
        sys.exit(INTERRUPTED)


async def _deliver(events: Iterable[AnyEvent], sender: EventSender, kafka: KafkaSettings) -> None:
    try:
        await ensure_source_topics(kafka)
    except (KafkaError, KafkaProblemsError) as error:
        raise SendError(f"The topics cannot be prepared, so nothing was sent.\n{error}") from error
    async with sender:
        for event in events:
            await sender.send(event)
