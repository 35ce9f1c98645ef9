"""Puts what is to be told of an exchange into steps. Must not know Kafka."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from streams.sources.exchange.calls import Told
from streams.sources.source import Link, Step


def steps_of(
    told: Sequence[Told], position: bytes | None, left_out: Mapping[str, int], link: Link | None
) -> Iterator[Step]:
    """A step for each stretch of facts that happened while somebody watched or nobody did; the rest goes with the
    last. None where there is nothing to tell."""
    groups = [(missed, [each.event for each in some]) for missed, some in groupby(told, lambda each: each.missed)]
    for missed, events in groups[:-1]:
        yield Step(events=events, missed_before=missed)
    if groups or position or left_out or link:
        missed, events = groups[-1] if groups else (False, [])
        yield Step(events=events, missed_before=missed, position=position, left_out=left_out, link=link)
