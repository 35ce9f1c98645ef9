"""All facts of one id where the earliest of each type do not say everything: kept bounded, and in one form.

Which form follows from the facts alone: not from their order of arrival, from repetitions, nor from what was dropped
in between. So facts are dropped only where others of their type lie before and after them in the same hour, and what
hours without a fact keep apart is told by a span that no setting changes.

An id that is used again has facts of several contacts. They fall into stretches, more than `APART_MS` without a fact
from each other; which stretches begin another contact is for the channel to say (`lives`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from streams.core.rules import HOUR_MS

Fact = tuple[int, int, str]
"""When it happened (UTC ms), its rank, and the cluster that it states, if no other fact of the stretch has more right
to."""

Facts = tuple[Fact, ...]
"""In the order of time."""

APART_MS: Final = 4 * HOUR_MS
"""Facts that are no further apart are of one contact."""

KEPT_OF_AN_HOUR: Final = 8
"""Of so many facts of one type in one hour by the clock nothing is dropped; of more, the earliest and the latest."""


def pooled(facts: Iterable[Fact]) -> Facts:
    """The facts to be kept, each once.

    >>> pooled([(60_000, 3, "B"), (0, 0, "A"), (60_000, 3, "C"), (0, 0, "A")])
    ((0, 0, 'A'), (60000, 3, ''))
    """
    clusters: dict[tuple[int, int], str] = {}
    for at, rank, cluster in facts:
        known = clusters.get((at, rank))
        if not known or (cluster and cluster < known):
            clusters[at, rank] = cluster
    kept = _bounded(sorted(clusters))
    return tuple(fact for stretch in stretches([(*each, clusters[each]) for each in kept]) for fact in _said(stretch))


def _bounded(facts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(facts) <= KEPT_OF_AN_HOUR:
        return facts
    of_one: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for at, rank in facts:
        of_one.setdefault((at // HOUR_MS, rank), []).append((at, rank))
    return sorted(
        fact
        for each in of_one.values()
        for fact in (each if len(each) <= KEPT_OF_AN_HOUR else [each[0], *each[1 - KEPT_OF_AN_HOUR :]])
    )


def _said(stretch: Sequence[Fact]) -> list[Fact]:
    """The facts of a stretch, of which one alone states the cluster."""
    best = min((fact for fact in stretch if fact[2]), key=_right, default=None)
    return [fact if fact is best else (fact[0], fact[1], "") for fact in stretch]


def _right(fact: Fact) -> tuple[int, int, str]:
    at, rank, cluster = fact
    return rank, at, cluster


def said_best(facts: Iterable[Fact]) -> Fact:
    """The fact that states the cluster with the most right: the lowest rank, the earliest of those."""
    return min((fact for fact in facts if fact[2]), key=_right)


def stretches(facts: Sequence[Fact]) -> list[list[Fact]]:
    """Facts in the order of time, parted where there is none for more than `APART_MS`."""
    found: list[list[Fact]] = []
    for fact in facts:
        if found and fact[0] - found[-1][-1][0] <= APART_MS:
            found[-1].append(fact)
        else:
            found.append([fact])
    return found


Life = list[list[Fact]]
"""What is of one contact: the stretch that began it, and those since that did not begin another."""


def lives(facts: Sequence[Fact], begins_anew: Callable[[Sequence[Fact]], bool]) -> list[Life]:
    """The contacts that the facts of one id are of, the earliest first; a channel says which stretches begin one."""
    found: list[Life] = []
    for stretch in stretches(facts):
        if found and not begins_anew(stretch):
            found[-1].append(stretch)
        else:
            found.append([stretch])
    return found
