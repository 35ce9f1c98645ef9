"""Lines of the indicators of the telephone: the average wait, the service level and the share of missed calls."""

from collections.abc import Mapping

from streams.channels import CALLS
from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.indicators import MISSED_SHARE, SERVICE_LEVEL, WAIT
from streams.core.indicators import Period
from streams.months.report.indicators import Line, counted_of, lines_of, of_clusters
from streams.records.closings import Basis


def call_lines(tallies: Mapping[str, PhoneTally], basis: Basis) -> list[Line]:
    """Every indicator of every cluster; the plan has no wait of all clusters together."""
    waits: dict[str | None, float] = {
        name: each.norm_ms for name, each in basis.rules.channel_clusters(CALLS.name).items()
    }
    calls = counted_of(CALLS.name, tallies, basis)
    levels = {name: basis.norms.service_level(CALLS.name, name).ratio for name in calls}
    return [
        *lines_of(WAIT, of_clusters(calls), waits),
        *lines_of(SERVICE_LEVEL, calls, levels),
        *lines_of(MISSED_SHARE, calls, basis.norms.missed_ratio),
    ]


def call_lines_of_year(tallies: Mapping[str, PhoneTally], basis: Basis) -> list[Line]:
    """The share of missed calls, whose norm is the year's."""
    calls = counted_of(CALLS.name, tallies, basis)
    return lines_of(MISSED_SHARE, calls, basis.norms.missed_ratio, Period.YEAR)
