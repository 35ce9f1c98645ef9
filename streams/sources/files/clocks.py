"""Whether a column that the mapping reads as times of day holds how long somebody waited instead.

`0:00:12` may be twelve seconds or just after midnight, and each row for itself can be read as either. The first rows
together tell: most times of day are near the other times of their row, durations hardly ever.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final, NamedTuple

from streams.channels.named_events import name_of
from streams.settings.toml.text import shown
from streams.sources.files.columns import used_columns
from streams.sources.files.conditions import hold, placed
from streams.sources.files.moments import MomentReader
from streams.sources.files.row import LeftOut, NumberedCells, RowLeftOutError
from streams.sources.mapping import FileMapping, MappingError
from streams.sources.times import Holds, Moment, time_of_day_parser
from streams.sources.times.durations import HOURS, duration_formats_of

BEFORE_MAX: Final = timedelta(hours=2)
"""So far a time of day may lie before the first time of its row: clocks are off, and people are late."""

AFTER_MIDNIGHT_MAX: Final = timedelta(hours=4)
"""So far it may lie after it, where midnight must have passed in between."""

_DAY: Final = timedelta(days=1)
_SHORT: Final = timedelta(hours=1)


def check_clocks(mapping: FileMapping, rows: Sequence[NumberedCells]) -> None:
    """Return when the times of day in these rows may be some.

    Raises `MappingError`, with each column that holds durations and what to write instead, when not.
    """
    looks = _Looks(mapping)
    compared = sorted(
        (each for line, cells in rows if not isinstance(cells, LeftOut) for each in looks(line, cells)),
        key=lambda each: (each.event, each.column),
    )
    by_column = (list(each) for _, each in groupby(compared, key=lambda each: (each.event, each.column)))
    problems = [_problem(mapping, each) for each in by_column if _are_durations(each)]
    if problems:
        raise MappingError(problems)


class _Look(NamedTuple):
    """A time of day beside the first time of its row."""

    event: int
    """The place of the event in the mapping."""
    column: str
    line: int
    text: str
    since_midnight: timedelta
    gap: timedelta
    """How much later than the first time it is, on the day that the row says."""
    first: str
    """The column of the first time."""

    @property
    def is_far(self) -> bool:
        """Whether it can hardly be a time of this row, of this day or the next."""
        return AFTER_MIDNIGHT_MAX - _DAY < self.gap < -BEFORE_MAX


class _Looks:
    """Looks at the times of day of a row."""

    def __init__(self, mapping: FileMapping) -> None:
        at = {column: place for place, column in enumerate(used_columns(mapping))}
        self._at = at
        self._left_out = [placed(rule.when, at) for rule in mapping.leave_out if not rule.all_else]
        self._events = [
            (rule.at, placed(rule.when, at), MomentReader(rule.at, at, mapping.zone)) for rule in mapping.events
        ]

    def __call__(self, line: int, cells: Sequence[str]) -> Iterator[_Look]:
        """All but the first, against which they are held; none of a row that cannot be read."""
        if any(hold(conditions, cells) for conditions in self._left_out):
            return
        first: tuple[str, Moment] | None = None
        for number, (source, when, read) in enumerate(self._events):
            column = next((each for each in source.columns if cells[self._at[each]]), None)
            if column is None or not hold(when, cells):
                continue
            try:
                moment = read(cells, {})
            except RowLeftOutError:
                return
            assert moment is not None, "a column is not empty"
            if first is None:
                first = column, moment
            elif source.holds is Holds.TIME_OF_DAY:
                text = cells[self._at[column]]
                since = time_of_day_parser(source.formats)(text)
                yield _Look(number, column, line, text, since, moment.first - first[1].first, first[0])


def _are_durations(looks: Sequence[_Look]) -> bool:
    """Whether most are far from what they belong to, or some, where none has an hour in it: no day is that short."""
    far = sum(each.is_far for each in looks)
    return far * 2 > len(looks) or (far > 0 and all(each.since_midnight < _SHORT for each in looks))


def _problem(mapping: FileMapping, looks: Sequence[_Look]) -> str:
    far = next(each for each in looks if each.is_far)
    event = f"[[event]] {far.event + 1} {shown(name_of(mapping.events[far.event].type))}"
    hours, minutes = divmod(-far.gap // timedelta(minutes=1), 60)
    formats = duration_formats_of([each.text for each in looks])
    column = shown(far.column)
    plus = column if formats[:1] == [HOURS] else f"{{ column = {column}, format = {shown((formats or [HOURS])[0])} }}"
    return (
        f"{event}: at: {column} seems to hold how long something took and no time of day: in line {far.line} it lies "
        f"{hours} h {minutes:02} min before {shown(far.first)} of the same row; "
        f"write at = {shown(far.first)} and plus = {plus}"
    )
