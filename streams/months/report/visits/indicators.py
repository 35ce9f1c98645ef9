"""Lines of the indicators of visits: the average wait, and how long it takes to get an appointment."""

from collections.abc import Mapping

from streams.channels import VISITS
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.indicators import LEAD_TIME, WAIT
from streams.months.report.indicators import Line, counted_of, lines_of, of_clusters
from streams.records.closings import Basis


def visit_lines(tallies: Mapping[str, DeskTally], basis: Basis) -> list[Line]:
    """Every indicator of every cluster; the plan has no wait of all clusters together."""
    norms: dict[str | None, float] = {
        name: each.norm_ms for name, each in basis.rules.channel_clusters(VISITS.name).items()
    }
    visits = counted_of(VISITS.name, tallies, basis)
    return [
        *lines_of(WAIT, of_clusters(visits), norms),
        *lines_of(LEAD_TIME, visits, basis.rules.lead_norm_days),
    ]
