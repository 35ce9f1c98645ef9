"""What a channel tells the report of itself: figures, sections and rows of the spreadsheet.

Its indicators are those that it declares; whatever else the report tells of a channel is asked of its object
(`channels`). Most of what is asked has an answer of nothing, so that a channel tells what it has and no more.
"""

# ruff: noqa: ARG002 - every channel is asked the same way, and not every one needs all that it is given

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from streams.months.report.data import Part, Report
from streams.months.report.section import Chart, Section
from streams.months.report.wording import Wording
from streams.records.closings import Basis

Row = tuple[str, float, str]
"""What a figure of the spreadsheet is called, the figure, and the unit, of which the catalogue has `sheet-unit-…`."""


class Spread(msgspec.Struct, frozen=True):
    """How the waits of a channel are told."""

    title: str
    write: Callable[[float], str]
    """Seconds in words."""
    waits: Callable[[Any], int]
    """How many waits of a part there are."""


class ReportChannel(ABC):
    """A channel in the report. Tallies come by cluster and are of its kind; parts are what it makes of them."""

    key: str
    """What the report for programs calls its figures."""

    @abstractmethod
    def figures(self, tallies: Mapping[str, Any], basis: Basis) -> list[Any]:
        """The part of each cluster, and of all if there are several; every one is a struct and a `Part`."""

    @abstractmethod
    def sections(self, report: Report, say: Wording) -> list[Section]:
        """Its own sections; asked only where it has figures."""

    @abstractmethod
    def rows(self, part: Any, say: Wording) -> Iterator[Row]:
        """The rows of the spreadsheet about a part, each of another name."""

    @abstractmethod
    def all(self, say: Wording) -> str:
        """What all of its clusters are called beside those of other channels."""

    def year_sections(self, report: Report, say: Wording) -> list[Section]:
        """The years beside each other."""
        return []

    def spread(self, say: Wording) -> Spread | None:
        """How its waits are told; its parts have `wait_quantiles` then."""
        return None

    def month_heads(self, report: Report, say: Wording) -> list[str]:
        """The columns that it has where the months of a year stand below each other."""
        return []

    def month_cells(self, part: Any | None, say: Wording) -> list[str]:
        """What stands in these for a month, from the part of all clusters; None without clusters."""
        return []

    def month_charts(self, report: Report, say: Wording) -> list[Chart]:
        """Its months as bars; asked only where it has figures."""
        return []

    def left_out(self, parts: Sequence[Part], say: Wording) -> list[str]:
        """What there is to say of contacts that were left out, besides how many for which reason."""
        return []
