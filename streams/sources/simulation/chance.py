"""The random forms that calls and visits share."""

import math
from collections.abc import Iterable
from datetime import date
from random import Random

import msgspec


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A half-open stretch of UTC milliseconds in which `expected` arrivals are spread evenly."""

    from_ms: int
    to_ms: int
    expected: float


def stream(purpose: str, day: date, seed: int) -> Random:
    """A random stream of its own for each purpose, day and seed."""
    return Random(f"{purpose}/{day.isoformat()}/{seed}")  # noqa: S311 - a simulation, no secret


def poisson_times(rng: Random, segments: Iterable[Segment]) -> list[int]:
    """Arrivals of a Poisson process whose rate changes from segment to segment, in milliseconds, by time.

    By the change of time scale that makes any such process one of rate 1: exponential gaps are laid out along the
    expected number of arrivals and read back as moments.
    """
    times: list[int] = []
    due = rng.expovariate(1.0)
    for segment in segments:
        while due < segment.expected:
            times.append(segment.from_ms + int((segment.to_ms - segment.from_ms) * due / segment.expected))
            due += rng.expovariate(1.0)
        due -= segment.expected
    return times


def log_normal(rng: Random, mean: float, variation: float) -> float:
    """A log-normal figure by its mean and its standard deviation over that mean.

    The form that Brown, Gans, Mandelbaum, Sakov, Shen, Zeltyn and Zhao, "Statistical Analysis of a Telephone Call
    Center" (JASA 100, 2005), found for the conversations of a bank's call centre.
    """
    variance = math.log1p(variation**2)
    return rng.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))


def exponential(rng: Random, mean: float) -> float:
    """An exponential figure by its mean: patience that does not wear out, as in the Erlang-A queue."""
    return rng.expovariate(1.0 / mean)
