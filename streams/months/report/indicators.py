"""An indicator of one cluster against its norm; which there are and what they are made of is told by the channels."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from streams.core.counts import Tally, Terms
from streams.core.indicators import Comparison, Counted, Measure, Period, Unit
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
    measure: Measure,
    counted: Mapping[str | None, Counted],
    norms: Mapping[str | None, float] | float | None,
    over: Period = Period.MONTH,
) -> list[Line]:
    """An indicator of each cluster; its norm is that of the cluster, or the same for all."""
    found = []
    for cluster, tallies in counted.items():
        norm = norms.get(cluster) if isinstance(norms, Mapping) else norms
        judged = measure.judged(tallies, norm, over)
        found.append(
            Line(
                indicator=measure.name,
                cluster=cluster,
                value=judged.value,
                unit=measure.unit,
                contacts=judged.contacts,
                norm=judged.norm,
                comparison=measure.comparison,
                met=judged.met,
            )
        )
    return found


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


def with_sum(tallies: Mapping[str, T], empty: T) -> list[tuple[str | None, T]]:
    """The tallies by cluster and, if there are several, their sum under None, which `empty` becomes."""
    named: list[tuple[str | None, T]] = list(tallies.items())
    if len(named) > 1:
        for tally in tallies.values():
            empty.add(tally)
        named.append((None, empty))
    return named
