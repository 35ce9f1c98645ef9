"""An indicator of one cluster against its norm; which there are and what they are made of is told by the channels."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from streams.core.counts import Tally, Terms
from streams.core.indicators import Comparison, Measure, Period, Unit
from streams.core.rules import SECOND_MS
from streams.records.closings import Basis

T = TypeVar("T", bound=Tally)


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
    tallies: Iterable[tuple[str | None, Tally]],
    norms: Mapping[str | None, float] | float | None,
    basis: Basis,
    over: Period = Period.MONTH,
) -> list[Line]:
    """An indicator of each cluster; its norm is that of the cluster, or the same for all."""
    terms = terms_of(basis)
    found = []
    for cluster, tally in tallies:
        norm = norms.get(cluster) if isinstance(norms, Mapping) else norms
        judged = measure.judged(tally, terms, norm, over)
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


def terms_of(basis: Basis) -> Terms:
    """What counts are read by in a period."""
    return Terms(basis.rules, basis.norms.service_level_seconds * SECOND_MS)


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
