"""An indicator of one cluster against its norm; which there are and what they are made of is told by the channels."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from streams.channels import ChannelParts
from streams.core.counts import Tally, Terms
from streams.core.indicators import Comparison, Judged, Measure, Period, Unit
from streams.core.rules import Channel
from streams.core.terms import AllTerms
from streams.records.closings import Basis

T = TypeVar("T", bound=Tally)
C = TypeVar("C")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator of one cluster, or of all clusters of its channel, over one period."""

    indicator: str
    """By its name."""
    cluster: str | None
    """None for all clusters together."""
    value: float | None
    unit: Unit
    contacts: int
    """What the value was made from: calls, visitors or requests."""
    norm: float | None
    comparison: Comparison
    met: bool | None
    """Whether the norm is met; None without contacts or without a norm for this period."""


def lines_of(
    channel: ChannelParts, tallies: Mapping[str, Tally], basis: Basis, over: Period = Period.MONTH
) -> list[Line]:
    """Every indicator that a channel declares, of each cluster and of all together; over a year those of years alone.

    A wait against the norm of its cluster is one of clusters alone: of all together the plan has none.
    """
    counted, lines = counted_of(channel.name, tallies, basis), []
    for measure in channel.indicators:
        if over is Period.MONTH or measure.period is over:
            mine = of_clusters(counted) if measure.of_cluster else counted
            norms = _norms(measure, channel.name, mine, basis)
            lines += [
                _line(measure, cluster, measure.judged(each, norms[cluster], over)) for cluster, each in mine.items()
            ]
    return lines


def _norms(
    measure: Measure, channel: Channel, clusters: Iterable[str | None], basis: Basis
) -> dict[str | None, float | None]:
    """The norm of each cluster, and of all together (None)."""
    if measure.of_cluster:
        known = basis.rules.channel_clusters(channel)
        return {each: known[each].norm_ms if each in known else None for each in clusters}
    if measure.has_bound:
        return {each: basis.norms.service_level(channel, each).ratio for each in clusters}
    return dict.fromkeys(clusters, measure.city_norm(basis.rules, basis.norms))


def _line(measure: Measure, cluster: str | None, judged: Judged) -> Line:
    return Line(
        indicator=measure.name,
        cluster=cluster,
        value=judged.value,
        unit=measure.unit,
        contacts=judged.contacts,
        norm=judged.norm,
        comparison=measure.comparison,
        met=judged.met,
    )


def counted_of(channel: Channel, tallies: Mapping[str, T], basis: Basis) -> dict[str | None, list[tuple[T, Terms]]]:
    """The tally of each cluster with what it is read by; if there are several, all of them under None."""
    terms = AllTerms(basis.rules, basis.norms)
    each: dict[str | None, list[tuple[T, Terms]]] = {
        name: [(tally, terms.of(channel, name))] for name, tally in tallies.items()
    }
    return each | {None: [pair for mine in each.values() for pair in mine]} if len(each) > 1 else each


def of_clusters(counted: Mapping[str | None, C]) -> dict[str | None, C]:
    """Without that of all together."""
    return {cluster: each for cluster, each in counted.items() if cluster is not None}


def per(part: float, whole: int) -> float | None:
    """No average of nothing: that is neither 0 nor 100 %."""
    return part / whole if whole else None


def with_sum(tallies: Mapping[str, T]) -> list[tuple[str | None, T]]:
    """The tallies by cluster and, if there are several, their sum under None."""
    named: list[tuple[str | None, T]] = list(tallies.items())
    if len(named) > 1:
        together = type(named[0][1])()
        for tally in tallies.values():
            together.add(tally)
        named.append((None, together))
    return named
