"""`wachtmonitor publish`: the contacts in a delimited file into Kafka, with progress and an account of every row.

How a row becomes events is in `streams.sources.files`, what a mapping may say in `streams.sources.mapping`.
"""

import os
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import click
import msgspec
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from streams.channels.named_events import event_types
from streams.channels.staffing import TAG
from streams.commands.common import NotSent, UsageProblem, rules_shown
from streams.commands.options import settings_option
from streams.contracts.decode import Event
from streams.contracts.staffing import Staffing
from streams.core.rules import Rules
from streams.kafka.client import KafkaProblemsError
from streams.process.clock import system_clock
from streams.process.signals import exit_status
from streams.process.stoppable import in_slices, run
from streams.settings import Settings, SettingsError, load
from streams.sources.acceptance import Acceptance
from streams.sources.files.contract import holds_contract, read_contract
from streams.sources.files.events import Notes, read_rows
from streams.sources.files.row import LeftOut, Row, Unreadable
from streams.sources.files.unpacking import FileError
from streams.sources.guess.draft import draft
from streams.sources.guess.sample import look
from streams.sources.guess.totals import told_of_totals, totals, totals_in
from streams.sources.mapping import FileMapping, MappingError, load_mapping
from streams.sources.refused_rows import RefusedRows, repaired_lines
from streams.sources.reused_ids import ReusedIds
from streams.sources.sender import EventSender, SendError, ensure_source_topics

LINES_SHOWN: Final = 3
"""Lines named for each reason: enough to see what is wrong with the file, and a summary that fits on a screen."""

EVENTS_SHOWN: Final = 6
"""Events that a dry run shows: two or three contacts."""

ROWS_BETWEEN_PROGRESS: Final = 500
"""Rows between two updates of the progress bar: some dozens in a second."""

EVENTS_AT_ONCE: Final = 100
"""So many are read before any of them is sent: each time it is planned anew what a signal does."""


_EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
_FILE_OR_PIPE: Final = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path)

_PIPE: Final = Path("-")
"""Stands for standard input."""


@click.command()
@click.argument("file", type=_FILE_OR_PIPE)
@click.option(
    "--mapping", "mapping_file", type=_EXISTING_FILE, help="TOML file: which column is what. Events need none."
)
@settings_option
@click.option("--guess", is_flag=True, help="Write a draft of the mapping for FILE to standard output; send nothing.")
@click.option("--dry-run", is_flag=True, help="Read the whole file, show its first events, send nothing.")
def publish(*, file: Path, mapping_file: Path | None, settings_file: Path | None, guess: bool, dry_run: bool) -> None:
    """Send the calls or tickets in a FILE to Kafka.

    FILE is delimited text, a workbook (.xlsx) or JSON lines, as it is or packed (.gz, .zip with one file); - is
    standard input. Each row is one contact or one event; a mapping says which column is which fact. JSON lines of
    events as the contract has them need no mapping. For a file of another kind, begin with --guess.

    A row that cannot be read is left out and counted under its reason, and so is one that the settings refuse: with a
    cluster that they do not know, before the earliest day, or in the future. The others go on. Sending a file twice
    changes no figure.

    \b
    Exit code:
      0  every row was sent, or left out because the mapping says so
      1  some rows could not be read or are refused by the settings; the others were sent. Or no row is an event, or
         the file breaks off
      2  the command, the mapping or the settings are wrong; nothing was sent
      3  Kafka did not take every event; run it again
    """
    if guess:
        _guess(file, mapping_file, settings_file)
        return
    mapping, settings = _load(file, mapping_file, settings_file)
    account = Account(settings.rules)
    shown: list[Event] = []
    with _opened(file) as stream, _progress() as progress:
        try:
            rows = account.to_its_end(_rows(stream, mapping, settings.rules, account.notes))
        except MappingError as error:
            assert mapping_file is not None
            raise UsageProblem(_all_problems(mapping_file, error, _totals_in(file))) from error
        except FileError as error:
            raise UsageProblem(f"{_named(file)}: {error}") from error
        acceptance, now_ms = Acceptance(settings.rules), system_clock()
        ids = ReusedIds(settings.rules, now_ms)
        rows = ids.of(account.of(acceptance.of(_tracked(rows, progress, stream, file), now_ms)))
        if dry_run:
            shown = _first_events(rows)
        else:
            _send(rows, settings, account)
    for event in shown:
        click.echo(msgspec.json.encode(event).decode())
    click.echo(account.text(sent=not dry_run))
    for line in (*repaired_lines(acceptance.repaired), *ids.lines()):
        click.echo(line)
    if not account.events and (told := _totals_in(file)):
        click.echo(told)
    if not account.whole:
        sys.exit(1)


def _opened(file: Path) -> AbstractContextManager[BinaryIO]:
    return nullcontext(click.get_binary_stream("stdin")) if file == _PIPE else file.open("rb")


def _rows(stream: BinaryIO, mapping: FileMapping | None, rules: Rules, notes: Notes) -> Iterator[Row]:
    return read_contract(stream, rules) if mapping is None else read_rows(stream, mapping, notes)


def _named(file: Path) -> str:
    return "standard input" if file == _PIPE else str(file)


class Account:
    """What became of every row: events by type, rows left out by reason with the first lines of each."""

    def __init__(self, rules: Rules) -> None:
        self.rows = 0
        self.events: Counter[type[Event]] = Counter()
        self.left_out: Counter[str] = Counter()
        """Rows by the mapping's reasons."""
        self.unreadable: Counter[str] = Counter()
        """Rows by the fixed reasons for which a row cannot be read."""
        self.refused = RefusedRows(rules)
        """Rows that the settings refuse."""
        self.notes = Notes()
        """What else is to be said of the file."""
        self.broken = ""
        """Why the file could not be read to its end; empty when it was."""
        self._lines: dict[str, list[str]] = {}
        self._last_unread = False
        """Whether the last row so far could not be read."""

    def to_its_end(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The same rows, up to where the file breaks off."""
        try:
            yield from rows
        except FileError as error:
            self.broken = str(error)

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted as they pass."""
        for row in rows:
            self.rows += 1
            self._last_unread = row.left_out is not None and not row.left_out.on_purpose
            self.events.update(map(type, row.events))
            if row.left_out is not None:
                self._leave_out(row.line, row.left_out)
            if row.refused is not None:
                self.refused.add(row.line, row.refused)
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
            detail = f": {left_out.detail}" if left_out.detail else ""
            lines.append(f"    line {line}{column}{expected}{detail}")

    @property
    def whole(self) -> bool:
        """Whether the file became events, and every row that did not is one that the mapping leaves out."""
        return bool(self.events) and not (self.unreadable or self.refused.count or self.broken or self.notes.misnamed)

    def text(self, *, sent: bool) -> str:
        """The account for a person, one line for each thing counted."""
        named = event_types().items()
        kinds: list[tuple[str, type[Event]]] = [*named, (TAG, Staffing)]
        types = ", ".join(f"{self.events[event]:,} {name}" for name, event in kinds if self.events[event])
        lines = [
            f"Rows read: {self.rows:,}",
            f"Events {'sent' if sent else 'found, none sent'}: {self.events.total():,}{types and f' ({types})'}",
            *self.left_behind(),
        ]
        if not self.events:
            lines.append(f"Nothing {'was' if sent else 'would be'} sent: {self._why_nothing()}")
        return "\n".join(lines)

    def left_behind(self) -> list[str]:
        """The lines about what was left out, and about what else is to be said of the file."""
        lines = [
            f"Rows left out as the mapping says: {self.left_out.total():,}",
            *(f"  {reason}: {count:,}" for reason, count in self.left_out.most_common()),
            f"Rows left out as the settings refuse them: {self.refused.count:,}",
            *self.refused.lines(),
            f"Rows left out as unreadable: {self.unreadable.total():,}",
        ]
        for reason, count in self.unreadable.most_common():
            lines += [f"  {reason}: {count:,}", *self._lines[reason]]
            if count > LINES_SHOWN:
                lines.append(f"    and {count - LINES_SHOWN:,} more")
            if remedy := Unreadable(reason).remedy:
                lines.append(f"    {remedy}")
        if self._last_unread and self.rows > self.unreadable.total() == 1:
            lines.append("    It is the last row of all: if it holds totals, set rows_after = 1 in [file].")
        lines += self.notes.texts
        if self.broken:
            lines.append(f"Not read to its end, after {self.rows:,} rows: {self.broken}")
        return lines

    def _why_nothing(self) -> str:
        if not self.rows:
            return "there is no row in the file."
        return "no row became an event; look at the reasons above."


def _load(file: Path, mapping_file: Path | None, settings_file: Path | None) -> tuple[FileMapping | None, Settings]:
    """Both files, or one error with the problems of both."""
    problems, mapping, settings = [], None, None
    try:
        mapping = None if mapping_file is None else load_mapping(mapping_file)
    except MappingError as error:
        assert mapping_file is not None
        problems.append(_all_problems(mapping_file, error, _totals_in(file)))
    try:
        settings = load(settings_file, os.environ)
    except SettingsError as error:
        problems.append(str(error))
    if problems or settings is None:
        raise UsageProblem("\n".join(problems))
    return mapping, settings


def _all_problems(mapping_file: Path, error: MappingError, of_file: str) -> str:
    """The mapping's problems, and what is wrong with the file whatever the mapping says."""
    count = len(error.problems)
    problems = "".join(f"\n- {problem}" for problem in error.problems)
    told = f"{count} {'problem' if count == 1 else 'problems'} in the mapping {mapping_file}:{problems}"
    return f"{of_file}\n{told}" if of_file else told


def _totals_in(file: Path) -> str:
    """What to say of a file of totals; empty for any other, and for what came through a pipe and is gone."""
    if file == _PIPE:
        return ""
    with file.open("rb") as stream:
        return totals_in(stream)


def _guess(file: Path, mapping_file: Path | None, settings_file: Path | None) -> None:
    """Write the draft of a mapping, or say why there is none."""
    if mapping_file is not None:
        raise UsageProblem("--guess writes a mapping, and --mapping is one: use one of the two.")
    try:
        settings = load(settings_file, os.environ)
        with _opened(file) as stream:
            sample = look(stream)
    except SettingsError as error:
        raise UsageProblem(str(error)) from error
    except FileError as error:
        raise UsageProblem(f"{_named(file)}: {error}") from error
    if columns := totals(sample):
        raise UsageProblem(f"{_named(file)}: {told_of_totals(columns)}")
    if holds_contract(sample.records):
        raise UsageProblem(
            f"{_named(file)} holds events of the contract, which need no mapping: publish it as it is."
        )
    click.echo(draft(sample, settings.rules, str(file)), nl=False)


def _progress() -> Progress:
    """A bar for where a person looks on; elsewhere it shows nothing."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tracked(rows: Iterable[Row], progress: Progress, stream: BinaryIO, file: Path) -> Iterator[Row]:
    """The same rows; the bar moves with the bytes read while they pass."""
    total = None if file == _PIPE else file.stat().st_size
    task = progress.add_task(_named(Path(file.name)), total=total)
    for number, row in enumerate(rows, 1):
        if total is not None and number % ROWS_BETWEEN_PROGRESS == 0:
            progress.update(task, completed=stream.tell())
        yield row


def _first_events(rows: Iterable[Row]) -> list[Event]:
    """Reads all rows, and keeps the events that a dry run shows."""
    events = (event for row in rows for event in row.events)
    first = list(islice(events, EVENTS_SHOWN))
    deque(events, maxlen=0)
    return first


def _send(rows: Iterable[Row], settings: Settings, account: Account) -> None:
    sender = EventSender(settings.kafka)
    try:
        run(_deliver((event for row in rows for event in row.events), sender, settings))
    except KeyboardInterrupt as interrupted:
        click.echo(f"Stopped. Rows read: {account.rows:,}, events arrived: {sender.acknowledged:,}.", err=True)
        sys.exit(exit_status(interrupted))
    except SendError as error:
        raise NotSent(str(error)) from error


_NOT_TOLD: Final = (
    'The file tells how many employees serve, and by the settings nobody does: set told_by = "anybody" in [staffing] '
    "and start the workers again, or take these lines out of the file. What comes before the first of them was sent."
)


async def _deliver(events: Iterable[Event], sender: EventSender, settings: Settings) -> None:
    try:
        await ensure_source_topics(settings.kafka, staffing=settings.has_staffing)
    except (KafkaError, KafkaProblemsError) as error:
        raise SendError(f"The topics cannot be prepared, so nothing was sent.\n{error}") from error
    sender.rules = await rules_shown(settings.kafka)
    async with sender:
        async for some in in_slices(events, EVENTS_AT_ONCE):
            for event in some:
                if isinstance(event, Staffing) and not settings.has_staffing:
                    raise SendError(_NOT_TOLD)
                await sender.send(event)
