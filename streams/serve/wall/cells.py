"""Figures beside their norms, as a cell of the wall says them: what every channel's layout is made of.

It must not know any channel.
"""

import math
from typing import Final

from streams.core.indicators import Comparison
from streams.serve.wall.moment import ClusterNow, Moment
from streams.serve.wall.payload import Cell, State
from streams.words import Words

_NORM: Final[dict[Comparison, str]] = {
    Comparison.BELOW: "wall-norm-below",
    Comparison.AT_MOST: "wall-norm-at-most",
    Comparison.AT_LEAST: "wall-norm-at-least",
}
_GOOD: Final[dict[Comparison, str]] = {
    Comparison.BELOW: "wall-within-norm",
    Comparison.AT_MOST: "wall-within-norm",
    Comparison.AT_LEAST: "wall-norm-reached",
}
_BAD: Final[dict[Comparison, str]] = {
    Comparison.BELOW: "wall-above-norm",
    Comparison.AT_MOST: "wall-above-norm",
    Comparison.AT_LEAST: "wall-below-norm",
}

PERCENT_PARTS: Final = 100


def waiting(cluster: ClusterNow, moment: Moment, words: Words) -> Cell:
    """Who waits, and small beside it who serves; nobody who waits at a closed city is nothing to tell."""
    if cluster.waiting == 0 and moment.is_closed:
        return nothing(words)
    return Cell(value=cluster.waiting, text=words.number(cluster.waiting), note=staff(cluster, words))


def staff(cluster: ClusterNow, words: Words) -> str:
    """Who serves a cluster, in a few words; nothing of what is not known."""
    known = cluster.staff
    if known is None:
        return ""
    parts = []
    if known.desks_open is not None:
        parts.append(words("wall-desks-open", count=known.desks_open))
    if known.free is not None and known.logged_in is not None:
        parts.append(words("wall-staff-free", free=known.free, count=known.logged_in))
    return ", ".join(parts)


def longest(cluster: ClusterNow, words: Words) -> Cell:
    """The longest wait, which grows. Under the norm it gets no verdict: the norm is one for averages."""
    seconds = cluster.longest_wait_seconds
    if seconds is None:
        return nothing(words)
    is_over = math.floor(seconds) > cluster.norm_seconds
    over = words("wall-above-norm")
    return Cell(
        value=seconds,
        text=words.duration(math.floor(seconds)),
        limit_seconds=cluster.norm_seconds,
        over=over,
        verdict=over if is_over else "",
        state="bad" if is_over else "none",
    )


def average(
    seconds: float | None, norm_seconds: float, comparison: Comparison, words: Words, *, empty: str, note: str = ""
) -> Cell:
    """An average wait; `empty` says why there is none."""
    norm = norm_of(comparison, words.norm_duration(norm_seconds), words)
    if seconds is None:
        return Cell(text=empty, is_words=True, norm=norm, note=note)
    text = words.duration(int(_rounded(seconds, 1, norm_seconds, comparison)))
    return _judged(seconds, text, norm_seconds, comparison, words, norm=norm, note=note)


def share(
    ratio: float | None,
    norm_ratio: float | None,
    comparison: Comparison,
    words: Words,
    *,
    empty: str,
    note: str = "",
    decimals: int = 0,
    contacts: int | None = None,
    norm: str = "",
) -> Cell:
    """A share in percent; `empty` says why there is none, `norm` the norm where more is to be said of it.

    Without a norm it is told and not judged.
    """
    if not norm and norm_ratio is not None:
        norm = norm_of(comparison, words.percent(norm_ratio, 0), words)
    if ratio is None:
        return Cell(text=empty, is_words=True, norm=norm, note=note, contacts=contacts)
    if norm_ratio is None:
        return Cell(value=ratio, text=words.percent(ratio, decimals), note=note, contacts=contacts)
    parts = PERCENT_PARTS * 10**decimals
    text = words.percent(_rounded(ratio, parts, norm_ratio, comparison), decimals)
    return _judged(ratio, text, norm_ratio, comparison, words, norm=norm, note=note, contacts=contacts)


def nothing(words: Words) -> Cell:
    """Where there is nothing to tell."""
    return Cell(text=words("wall-nothing"), is_words=True)


def norm_of(comparison: Comparison, norm: str, words: Words) -> str:
    """A norm with its sign: `norm < 45 s`."""
    return words(_NORM[comparison], norm=norm)


def ratio(total: float, count: int) -> float | None:
    """The quotient; None where nothing was counted, since no figure is neither 0 nor 100 %."""
    return total / count if count else None


def _judged(
    value: float,
    text: str,
    norm_value: float,
    comparison: Comparison,
    words: Words,
    *,
    norm: str,
    note: str,
    contacts: int | None = None,
) -> Cell:
    is_met = comparison.holds(value, norm_value)
    verdict = words((_GOOD if is_met else _BAD)[comparison])
    state: State = "good" if is_met else "bad"
    return Cell(value=value, text=text, norm=norm, note=note, contacts=contacts, verdict=verdict, state=state)


def _rounded(value: float, parts: int, norm: float, comparison: Comparison) -> float:
    """The value in whole parts of `parts` to the unit, on its own side of the norm: 60.3 s against 60 s is 61 s.

    A figure that contradicts its verdict costs the wall its credit.
    """
    meets = comparison.holds
    nearest = math.floor(value * parts + 0.5)
    if meets(nearest / parts, norm) == meets(value, norm):
        return nearest / parts
    return (nearest + (1 if value > nearest / parts else -1)) / parts
