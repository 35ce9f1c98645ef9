"""Indicators: what the counts of a tally say of how citizens were served, against a norm.

An indicator is declared once, by the channel that it is of: one count divided by another, in which unit, how it must
compare to its norm, whether that holds for a month or for a year, where it stands in the report and how it is told.
Its words stand in the catalogues, under its `word_keys`. Every comparison is made on the counts themselves, never on
what is left of them after rounding.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from streams.core.counts import SECONDS, WORKDAYS, Declared, Tally, Terms
from streams.core.norms import Norms
from streams.core.rules import Rules


class Unit(StrEnum):
    """What a figure is measured in."""

    SECONDS = "seconds"
    RATIO = "ratio"
    WORKING_DAYS = "working_days"


_IN_METRICS: Final = {Unit.SECONDS: SECONDS.name, Unit.RATIO: "ratio", Unit.WORKING_DAYS: WORKDAYS.name}
"""What names of metrics call a unit."""


class Comparison(StrEnum):
    """How a figure must compare to its norm."""

    BELOW = "<"
    AT_MOST = "<="
    AT_LEAST = ">="

    def holds(self, figure: float, norm: float) -> bool:
        """Whether a figure keeps its norm.

        >>> Comparison.BELOW.holds(45, 45), Comparison.AT_MOST.holds(45, 45)
        (False, True)
        """
        if self is Comparison.BELOW:
            return figure < norm
        return figure <= norm if self is Comparison.AT_MOST else figure >= norm


class Period(StrEnum):
    """For which time a norm holds."""

    MONTH = "month"
    YEAR = "year"


class Judged(msgspec.Struct, frozen=True):
    """An indicator of one tally; without contacts there is no figure, and no norm is met or missed."""

    value: float | None
    contacts: int
    norm: float | None
    met: bool | None


Counted = Sequence[tuple[Tally, Terms]]
"""The tallies of one or more clusters of a channel, each with the terms that it is read by."""

LAST: Final = 100
"""The place of an indicator that declares none: behind those of the city's plan."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of an indicator."""

    name: str
    """As it stands in reports for programs; no other indicator has it, of whatever channel."""
    part: str
    """The field, property or method of the tally that declares the count that is divided."""
    whole: str
    """The one that it is divided by."""
    unit: Unit
    comparison: Comparison
    period: Period = Period.MONTH
    place: int = LAST
    """Where it stands in the report; those of the same place in the order of the channels."""
    of_cluster: bool = False
    """Whether the norm is that of the cluster for waits; else it is one for the city."""
    has_bound: bool = False
    """Whether it is about the bound of the service level, which is said with its norm."""
    decimals: int = 1
    """With how many it is told; more where it could not be told from its norm."""
    norm_setting: Callable[[Rules, Norms], float] | None = None
    """Reads the norm for the city where the settings have a key of its own for it; any other stands under the
    indicator's name (`[norms.indicators]`)."""
    metric: str = ""
    """What names of metrics call it, where they do not call it by its name and its unit."""
    norm_meaning: str = ""
    """What its norm asks for, in one English sentence, for who reads the metrics."""

    @property
    def words_key(self) -> str:
        """The key of what it is called.

        >>> Measure(name="call_wait", part="", whole="", unit=Unit.RATIO, comparison=Comparison.BELOW).words_key
        'indicator-call-wait'
        """
        return f"indicator-{self._hyphened}"

    @property
    def text_key(self) -> str:
        """The key of what it means."""
        return f"{self.words_key}-text"

    @property
    def contacts_key(self) -> str:
        """The key of what it was made from, with their number as `count`."""
        return f"contacts-of-{self._hyphened}"

    @property
    def word_keys(self) -> tuple[str, str, str]:
        """All that every catalogue has of it."""
        return self.words_key, self.text_key, self.contacts_key

    @property
    def _hyphened(self) -> str:
        return self.name.replace("_", "-")

    @property
    def metric_name(self) -> str:
        """What names of metrics call it.

        >>> Measure(name="lead", part="", whole="", unit=Unit.WORKING_DAYS, comparison=Comparison.BELOW).metric_name
        'lead_workdays'
        """
        return self.metric or f"{self.name}_{_IN_METRICS[self.unit]}"

    def city_norm(self, rules: Rules, norms: Norms) -> float | None:
        """The norm for all clusters of its channel, as the part is counted; None where the settings have none.

        That of an indicator of clusters is each cluster's own.
        """
        if self.norm_setting is not None:
            return self.norm_setting(rules, norms)
        return norms.indicators.get(self.name)

    def judged(self, counted: Counted, norm: float | None, over: Period) -> Judged:
        """The figure over a month or a year, and whether it keeps the norm if that holds for such a time.

        Of several clusters it is that of all of them together, each read by its own terms. The norm comes as the part
        is counted: waits in ms, working days, a ratio.
        """
        divided, by = (_declared(counted[0][0], field) for field in (self.part, self.whole))
        part = sum(divided.read(tally, terms) for tally, terms in counted)
        whole = sum(by.read(tally, terms) for tally, terms in counted)
        per, norm = divided.count.unit.per, norm if over is self.period else None
        shown = None if norm is None else norm / per
        if not whole:
            return Judged(None, whole, shown, None)
        return Judged(
            (part if per == 1 else part / per) / whole,
            whole,
            shown,
            None if norm is None else self._keeps(part, whole, norm),
        )

    def _keeps(self, part: int, whole: int, norm: float) -> bool:
        """Whole numbers are multiplied; the ratio of two counts is the float nearest to it, as the norm's is."""
        if self.unit is Unit.RATIO:
            return self.comparison.holds(part / whole, norm)
        return self.comparison.holds(part, norm * whole)


_KNOWN: Final[dict[tuple[type[Any], str], Declared]] = {}


def _declared(tally: Tally, field: str) -> Declared:
    """Raises `LookupError` for a count that the tally does not declare."""
    key = (type(tally), field)
    if key not in _KNOWN:
        named = {each.field: each for each in tally.declared}
        if field not in named:
            raise LookupError(f"expected a count of {type(tally).__name__}, got {field}: it has {', '.join(named)}")
        _KNOWN[key] = named[field]
    return _KNOWN[key]
