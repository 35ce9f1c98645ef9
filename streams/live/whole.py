"""The whole group from the shares of its workers: every source partition once, and what is missing is said.

A part that is missing makes its channel doubtful, and never passes for the whole. Whoever
calls hands over only shares that count.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import add
from typing import Final, NamedTuple

import msgspec

from streams.channels import channel_names
from streams.channels.figures import earlier
from streams.core.rules import SECOND_MS, Channel
from streams.live.observed import Reading
from streams.live.problems import Problem
from streams.live.share import Claim, Feed, Line, Part, Share
from streams.words import Message, message

FRESH_MS: Final = 2_000
"""Figures older than this have no part in the whole: they pass for those of this moment no more."""

_FRESH: Final = f"{FRESH_MS / SECOND_MS:g} s"


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What this worker shows itself."""

    parts: tuple[Part, ...]
    is_certain: bool = True
    """Whether its partitions are its own; if not, another worker may show them, and knows better."""
    problems: tuple[Problem, ...] = ()


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to be the whole."""

    topics: Mapping[Channel, tuple[str, int]]
    """The topic of each channel and how many partitions it has."""
    day: int
    """The local day; shares of another one have another `today`."""
    rules: str
    """Digest of the rules; shares of others do not add up with ours."""
    line_counts: Mapping[Channel, int]
    """Counts in a line of each channel."""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """All parts together. As long as there are `problems`, those of their channels are not all."""

    feeds: Mapping[Channel, Feed]
    """None of a channel of which nobody shows anything: how far it was read is not known."""
    lines: Mapping[Channel, Mapping[str, Line]]
    """By cluster; of clusters in which nothing is counted there is none."""
    problems: tuple[Problem, ...] = ()


class _Candidate(NamedTuple):
    """A part, with what it takes precedence by when others claim a partition of it too."""

    rank: tuple[int, int, int, str]
    part: Part
    share: Share | None
    """None for this worker's own."""
    is_certain: bool


_DOUBTFUL, _SHARED, _OWNED = range(3)


def whole(own: Own, shares: Iterable[Share], needed: Needed) -> Whole:
    """The whole from one's own parts and the shares of others that count at this moment."""
    usable, strange = _by_rules(shares, needed)
    taken = {channel: _taken(channel, own, usable) for channel in channel_names()}
    problems = [
        *own.problems,
        *(problem for channel, found in taken.items() for problem in _incomplete(channel, found, needed)),
        *_other_settings(strange),
        *_of_others(taken),
    ]
    return Whole(
        feeds={channel: _feed([each.part.feed for each in found]) for channel, found in taken.items() if found},
        lines={channel: _lines([each.part for each in found]) for channel, found in taken.items()},
        problems=_once(problems),
    )


def alone(parts: Sequence[Part]) -> Whole:
    """The whole of a worker that is asked for its own share and nothing else."""
    by_channel = {channel: [each for each in parts if each.channel is channel] for channel in channel_names()}
    return Whole(
        feeds={channel: _feed([each.feed for each in found]) for channel, found in by_channel.items() if found},
        lines={channel: _lines(found) for channel, found in by_channel.items()},
    )


# Whose part counts.


def _by_rules(shares: Iterable[Share], needed: Needed) -> tuple[list[Share], list[Share]]:
    """The shares with the parts that can be added to ours, and those that were counted by other rules."""
    usable, strange = [], []
    for share in shares:
        if share.rules != needed.rules:
            strange.append(share)
            continue
        parts = [each for each in share.parts if each.day == needed.day and _is_sound(each, needed)]
        usable.append(msgspec.structs.replace(share, parts=parts))
    return usable, strange


def _is_sound(part: Part, needed: Needed) -> bool:
    return all(len(line.counts) == needed.line_counts.get(part.channel) for line in part.lines)


def _taken(channel: Channel, own: Own, shares: Iterable[Share]) -> list[_Candidate]:
    """The parts of a channel, no partition twice: who claims less than another claims gives way with all it has."""
    candidates = [
        _Candidate((_OWNED if own.is_certain else _DOUBTFUL, 0, 0, ""), part, None, own.is_certain)
        for part in own.parts
        if part.channel is channel
    ]
    for share in shares:
        for part in share.parts:
            if part.channel is channel:
                come_so_far = sum(claim.next_offset for claim in part.claims)
                rank = (_SHARED, share.generation, come_so_far, share.worker)
                candidates.append(_Candidate(rank, part, share, is_certain=True))
    taken: list[_Candidate] = []
    claimed: set[int] = set()
    for candidate in sorted(candidates, key=lambda each: each.rank, reverse=True):
        mine = {claim.partition for claim in candidate.part.claims}
        if not mine & claimed:
            taken.append(candidate)
            claimed |= mine
    return taken


# Adding up.


def _feed(feeds: Sequence[Feed]) -> Feed:
    return Feed(
        last_event_ms=max((each.last_event_ms for each in feeds if each.last_event_ms is not None), default=None),
        lag=sum(each.lag for each in feeds),
        behind_ms=max((each.behind_ms for each in feeds), default=0),
        reused_ids=sum(each.reused_ids for each in feeds),
        unclear_ids=sum(each.unclear_ids for each in feeds),
    )


def _lines(parts: Sequence[Part]) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for part in parts:
        for line in part.lines:
            known = lines.get(line.cluster)
            lines[line.cluster] = line if known is None else _sum(known, line)
    return lines


def _sum(one: Line, other: Line) -> Line:
    return Line(one.cluster, earlier(one.since_ms, other.since_ms), list(map(add, one.counts, other.counts)))


# What is wrong.


def _incomplete(channel: Channel, taken: Iterable[_Candidate], needed: Needed) -> Iterable[Problem]:
    """What keeps the parts of a channel from being the whole."""
    topic, count = needed.topics[channel]
    claims = {claim.partition: claim for each in taken if each.is_certain for claim in each.part.claims}
    count = max([count, *(partition + 1 for partition in claims)])
    missing = [partition for partition in range(count) if partition not in claims]
    unanswered = _in(Reading.UNANSWERED, claims)
    behind = _in(Reading.BEHIND, claims)
    if missing:
        text = (
            f"{_of(missing, count, topic)} in no worker's figures of the last {_FRESH}: the worker that has them is "
            "gone, frozen or cut off, or others are taking them over"
        )
        yield _problem("part_missing", channel, text, _missing_on_wall(channel, missing, count))
    if unanswered:
        text = f"{_of(unanswered, count, topic)} not read to their end: no broker has answered for {_FRESH}"
        yield _problem("part_unanswered", channel, text, _missing_on_wall(channel, unanswered, count))
    if behind:
        lag = sum(each.part.feed.lag for each in taken)
        text = f"{_of(behind, count, topic)} being read up to their end: {lag} records to go"
        yield _problem("catching_up", channel, text, _behind_on_wall(channel, lag))


def _in(reading: Reading, claims: Mapping[int, Claim]) -> list[int]:
    return sorted(partition for partition, claim in claims.items() if claim.reading is reading)


def _of(partitions: Sequence[int], count: int, topic: str) -> str:
    numbers = ", ".join(map(str, partitions))
    return f"{len(partitions)} of {count} partitions of {topic} ({numbers}) {'is' if len(partitions) == 1 else 'are'}"


def _missing_on_wall(channel: Channel, partitions: Sequence[int], count: int) -> Message:
    contacts = message(f"contacts-{channel}")
    if len(partitions) == count:
        return message("problem-all-missing", contacts=contacts)
    return message("problem-part-missing", contacts=contacts, missing=len(partitions), count=count)


def _behind_on_wall(channel: Channel, lag: int) -> Message:
    contacts = message(f"contacts-{channel}")
    if lag == 0:  # it is only not known yet that there is nothing
        return message("problem-reading", contacts=contacts)
    return message("problem-behind", contacts=contacts, lag=lag)


def _problem(code: str, channel: Channel, text: str, on_wall: Message) -> Problem:
    return Problem(code=code, text=text, on_wall=on_wall, channels=(channel,))


def _other_settings(shares: Iterable[Share]) -> Iterable[Problem]:
    """Of those who would have a part; one without any makes nothing doubtful."""
    for share in shares:
        if channels := _channels(share.parts):
            text = (
                f"worker {share.worker} of the group counts by other rules than this one, so that their figures do "
                "not add up: start all workers with the same settings"
            )
            on_wall = message("problem-other-settings")
            yield Problem(code="other_settings", text=text, on_wall=on_wall, channels=channels)


def _of_others(taken: Mapping[Channel, Iterable[_Candidate]]) -> Iterable[Problem]:
    """What is wrong with others, as far as their figures are in the whole; what makes nobody's doubtful as well."""
    for channel, found in taken.items():
        for each in found:
            for problem in each.share.problems if each.share is not None else ():
                if channel in problem.channels or not problem.channels:
                    yield msgspec.structs.replace(problem, channels=(channel,) if problem.channels else ())


def _channels(parts: Iterable[Part]) -> tuple[Channel, ...]:
    had = {part.channel for part in parts}
    return tuple(channel for channel in channel_names() if channel in had)


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that say the same to people are one, about the channels of all."""
    found: dict[tuple[str, Message], Problem] = {}
    for problem in problems:
        known = found.setdefault((problem.code, problem.on_wall), problem)
        channels = tuple(channel for channel in channel_names() if channel in known.channels + problem.channels)
        found[problem.code, problem.on_wall] = msgspec.structs.replace(known, channels=channels)
    return tuple(found.values())
