"""The report of a month or a year as plain data: what every format of it shows.

Its JSON is the report for programs (`document`), so the names of the fields are an interface. An average without
contacts is None.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol

import msgspec

from streams.core.indicators import Measure, Period
from streams.core.rules import Channel
from streams.months.definitions import OFFICIAL_FORMULA, Definition, Formula
from streams.months.month import Late
from streams.months.report.indicators import Line
from streams.months.report.spells import Spell
from streams.records.closings import Basis
from streams.settings import BudgetYear
from streams.words import Language

FORMAT: Final = 2
"""Format of the report's JSON: raise it whenever a field changes its meaning."""


YEAR_LENGTH: Final = 4
"""Characters of a period that is a year; a month has more."""


class Quantile(msgspec.Struct, frozen=True):
    """The wait that a share of the contacts did not exceed, to within 1 % of itself."""

    ratio: float
    """The share: 0.5 is the median."""
    seconds: float | None
    """None without contacts."""


class Part(Protocol):
    """The figures of one cluster of a channel, or of all (cluster None): its struct is the channel's own."""

    @property
    def cluster(self) -> str | None:
        """None for all clusters together."""

    @property
    def excluded(self) -> dict[str, int]:
        """Contacts left out, by reason, in the order of the report."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """In how many of its opening hours a feed said something."""

    channel: Channel
    opening_hours: int
    """Hours of the clock with opening time that have ended."""
    silent_hours: int
    silent_minutes: int
    """Opening time within the silent hours."""
    silent_from_ms: list[int]
    """When each silent hour began, UTC ms."""


class Figures(msgspec.Struct, frozen=True):
    """Everything that was counted in one month, or in the months of a year."""

    period: str
    """`2026-10` or `2026`."""
    service_level_seconds: int
    """The bound of the service level of every line that has none of its own."""
    lines: list[Line]
    channels: dict[str, list[Any]]
    """The parts of each channel by its name, those of all its clusters together last."""
    coverage: list[Coverage]

    def of(self, channel: str) -> list[Any]:
        """The parts of a channel, none where it has no clusters: whoever asks knows of which kind they are."""
        return self.channels.get(channel, [])


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A closing or a reopening of a month."""

    action: Literal["closed", "reopened"]
    at_ms: int
    by: str
    """`schedule` when nobody did it."""
    why: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a month's figures stand."""

    month: str
    state: Literal["closed", "open", "reopened"]
    closed_at_ms: int | None = None
    definitions: int
    """Version of the definitions that the figures were made by."""
    behind_records: int = 0
    """Records from before the closing moment that the frozen figures do not hold."""
    counted_otherwise: list[str] = []
    """Of an open month the source partitions that are counted by other norms, hours or rules than it is judged by."""
    account: list[Step]
    """Every closing and reopening, in their order."""
    late: list[Late]
    """What came after the closing, by cluster and source partition."""

    @property
    def late_facts(self) -> int:
        """Facts that came after the closing, repeated ones included."""
        return sum(each.facts for each in self.late)


class PastYear(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator of a whole year, to stand beside other years: as reported, or as measured from month totals."""

    indicator: str
    """By its name."""
    year: int
    value: float | None
    measured: bool
    months: int
    """Months with contacts; 12 of a reported year."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one month, or of one year. Times are UTC ms, waits seconds, shares ratios, money cents."""

    format: int = FORMAT
    period: str
    """`2026-10` or `2026`."""
    from_ms: int
    to_ms: int
    figures_until_ms: int
    """The figures know nothing of what lies after this moment."""
    basis: Basis
    """The settings by which the period is judged, of a year those of its last month with figures."""
    spells: list[Spell]
    """The settings that count in the period, from its first month to its last."""
    statuses: list[Status]
    summary: Figures
    """The figures of the period; of a year those of all its months together."""
    year_so_far: list[Line]
    """The indicators whose period is the year: January up to the period's end, against the norms."""
    months: list[Figures]
    """The year's months with figures, up to the period's end."""
    history: list[PastYear]
    budget: list[BudgetYear]
    language: Language = Language.DUTCH
    """In which it is told, the definitions below among it."""
    definitions: Sequence[Definition] = ()
    official_formula: Formula = OFFICIAL_FORMULA

    @property
    def is_year(self) -> bool:
        """Whether the period is a year."""
        return len(self.period) == YEAR_LENGTH

    def lines(self, indicator: Measure) -> list[Line]:
        """One indicator of the period by cluster; one with a norm for the year is that of the year so far."""
        known = self.year_so_far if indicator.period is Period.YEAR else self.summary.lines
        return [line for line in known if line.indicator == indicator.name]
