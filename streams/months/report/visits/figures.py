"""The visits of a period by cluster: who was served and how punctually, who had no appointment, who asked for one."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from streams.channels import VISITS
from streams.channels.visits.counts import DeskTally
from streams.core.counts import Terms
from streams.months.report.data import Quantile
from streams.months.report.declared import Apart, DeclaredCounts, Plain
from streams.months.report.indicators import counted_of, per, with_sum
from streams.months.report.parts import excluded_of, plain_counts, quantiles_of
from streams.records.closings import Basis

TOLD: Final = (
    "excluded",
    "implausible_requests",
    "lead_days",
    "left",
    "left_arrived",
    "left_wait_ms",
    "onward",
    "onward_left",
    "onward_wait_ms",
    "requests",
    "requests_within_norm",
    "reused_ids",
    "served",
    "unclear_ids",
    "wait_ms",
)
"""The declared counts that the report of visits tells of in its own way; any other stands there as it is."""


class Desk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The visits of one cluster, or of all (cluster None)."""

    cluster: str | None
    served: int
    wait_seconds: float
    wait_quantiles: list[Quantile]
    """Of the official waits of the served."""
    signed_seconds: float
    """Sum of actual minus planned starts, early ones negative."""
    within_norm: int
    experienced: int
    experienced_seconds: float
    walk_ins: int
    walk_in_wait_seconds: float
    walk_ins_left: int
    no_shows: int
    cancelled: int
    left: int
    left_arrived: int
    left_wait_seconds: float
    onward: int
    onward_wait_seconds: float
    onward_left: int
    reused_ids: int
    unclear_ids: int
    requests: int
    lead_workdays: int = msgspec.field(name="lead_working_days")
    requests_within_norm: int
    implausible_requests: int
    excluded: dict[str, int]
    counts: Plain = {}
    """What else the tally declares, as it is."""
    counts_by: Apart = {}

    @property
    def average_wait_seconds(self) -> float | None:
        """The official wait of the served; None without any."""
        return per(self.wait_seconds, self.served)

    @property
    def punctuality_seconds(self) -> float | None:
        """How much later than planned the served began on average, early ones negative."""
        return per(self.signed_seconds, self.served)

    @property
    def average_experienced_seconds(self) -> float | None:
        """Of those whose arrival is known."""
        return per(self.experienced_seconds, self.experienced)

    @property
    def average_walk_in_seconds(self) -> float | None:
        """Of those without an appointment."""
        return per(self.walk_in_wait_seconds, self.walk_ins)

    @property
    def average_left_seconds(self) -> float | None:
        """What those who left the hall had waited by then, where the arrival is known."""
        return per(self.left_wait_seconds, self.left_arrived)

    @property
    def average_onward_seconds(self) -> float | None:
        """The wait at this desk of those whom another one has sent."""
        return per(self.onward_wait_seconds, self.onward)

    @property
    def requests_within_norm_ratio(self) -> float | None:
        """Requests for a day within the norm; None without requests."""
        return per(self.requests_within_norm, self.requests)


def desk_figures(tallies: Mapping[str, DeskTally], basis: Basis, more: DeclaredCounts) -> list[Desk]:
    """The visits of each cluster, and of all if there are several."""
    counted = counted_of(VISITS.name, tallies, basis)
    return [_desk(name, tally, counted[name], more) for name, tally in with_sum(tallies)]


def _desk(
    cluster: str | None, tally: DeskTally, counted: Sequence[tuple[DeskTally, Terms]], more: DeclaredCounts
) -> Desk:
    return Desk(
        cluster=cluster,
        **plain_counts(tally, Desk),
        wait_quantiles=quantiles_of(tally, tally.served),
        excluded=excluded_of(tally),
        counts=more.plain(counted),
        counts_by=more.apart(tally, counted[0][1]),
    )
