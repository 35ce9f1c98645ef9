"""Lines of the indicators of the telephone: the average wait, the service level and the share of missed calls."""

from collections.abc import Mapping

from streams.channels import CALLS
from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.indicators import MISSED_SHARE, SERVICE_LEVEL, WAIT
from streams.core.indicators import Period
from streams.months.report.indicators import Line, lines_of, with_sum
from streams.records.closings import Basis


def call_lines(tallies: Mapping[str, PhoneTally], basis: Basis) -> list[Line]:
    """Every indicator of every cluster; the plan has no wait of all clusters together."""
    norms: dict[str | None, float] = {
        name: each.norm_ms for name, each in basis.rules.channel_clusters(CALLS.name).items()
    }
    calls = with_sum(tallies, PhoneTally())
    return [
        *lines_of(WAIT, tallies.items(), norms, basis),
        *lines_of(SERVICE_LEVEL, calls, basis.norms.service_level_ratio, basis),
        *lines_of(MISSED_SHARE, calls, basis.norms.missed_ratio, basis),
    ]


def call_lines_of_year(tallies: Mapping[str, PhoneTally], basis: Basis) -> list[Line]:
    """The share of missed calls, whose norm is the year's."""
    calls = with_sum(tallies, PhoneTally())
    return lines_of(MISSED_SHARE, calls, basis.norms.missed_ratio, basis, Period.YEAR)
