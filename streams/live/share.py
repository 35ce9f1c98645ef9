"""A worker's share of what the group shows, as sums that add up, and as the bytes by which the others get to know it.

Everything travels as counts, sums and moments, never as an average or an age: these do not add up.
"""

import zlib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Annotated, Final

import msgspec

from streams.channels import channel_names, channel_of
from streams.channels.figures import ClusterFigures, figures, window_names
from streams.channels.shared_ids import Ids
from streams.core.rules import Channel, Rules
from streams.live.observed import Observed, PartitionHealth, Reading, ids_of, last_event_ms
from streams.live.problems import Problem

FORMAT: Final = 3
"""Format of a share. Workers of another format have no part in the whole, which then lacks theirs."""

PACKED_FROM_BYTES: Final = 16 * 1024
"""Larger shares are packed: a thousand clusters take a tenth of a megabyte each second."""

UNPACKED_BYTES_MAX: Final = 4 * 1024 * 1024
"""More than any share takes: what claims to be larger is none."""

LINES_MAX: Final = 10_000
"""Clusters of a channel; a cluster without a name takes four bytes as sent and forty times that in memory."""

PARTITIONS_MAX: Final = 10_000
"""Source partitions of a channel: whatever number one claims, those below it are looked for."""

PROBLEMS_MAX: Final = 100

PARTS_MAX: Final = 16
"""More channels than any city has."""

_NUMBER_MAX: Final = 2**53
"""Larger numbers are no counts and no moments; sums of smaller ones can be sent on."""

_PACKED: Final = b"z"
_PLAIN: Final = b"p"
_COMPRESSION_LEVEL: Final = 1
"""The quickest: the event loop waits for it."""


class ShareError(ValueError):
    """A record that is no share of this format."""


Number = Annotated[int, msgspec.Meta(ge=-_NUMBER_MAX, le=_NUMBER_MAX)]


class Claim(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A source partition whose figures are in a part."""

    partition: Annotated[int, msgspec.Meta(ge=0, lt=PARTITIONS_MAX)]
    next_offset: Number
    reading: Reading


class Feed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far the partitions of a part have come."""

    last_event_ms: Number | None = None
    lag: Number = 0
    behind_ms: Number = 0
    reused_ids: Number = 0
    unclear_ids: Number = 0
    """Ids that were used again, and may have been, in the days that are kept."""

    @property
    def ids(self) -> Ids:
        """Both."""
        return Ids(self.reused_ids, self.unclear_ids)


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One cluster in which anything is counted."""

    cluster: str
    since_ms: Number | None
    """Since when the longest waits."""
    counts: list[Number]
    """How many wait, then the sums of each window (`Tally.shared`) in the order of `window_names`."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """What one worker shows of a channel: all of it or nothing, since figures are not kept by partition."""

    channel: Channel
    day: int
    """The local day that `today` is about."""
    claims: Annotated[list[Claim], msgspec.Meta(max_length=PARTITIONS_MAX)]
    feed: Feed
    lines: Annotated[list[Line], msgspec.Meta(max_length=LINES_MAX)]


class Share(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What one worker shows at one moment."""

    format: int = FORMAT
    group: str
    worker: str
    """Of one process: who starts again is another worker."""
    generation: Number
    """Of the group, which counts its rebalances: of two who claim a partition the later one has it."""
    rules: str
    """Digest of the rules that the figures were counted by: those of other rules do not add up with them."""
    computed_ms: Number | None
    """The moment of the figures by the clock of the brokers, or earlier; None before that clock is known."""
    parts: Annotated[list[Part], msgspec.Meta(max_length=PARTS_MAX)]
    problems: Annotated[list[Problem], msgspec.Meta(max_length=PROBLEMS_MAX)]


def parts_of(observed: Observed, *, with_figures: bool = True) -> tuple[Part, ...]:
    """What is observed, by channel; nothing of a channel without partitions here."""
    channels = [channel for channel in channel_names() if observed.feed(channel)]
    shown = figures(observed.settle(), observed.rules, observed.now_ms) if with_figures and channels else []
    return tuple(
        Part(
            channel=channel,
            day=observed.day,
            claims=[_claim(each) for each in observed.feed(channel)],
            feed=_feed(observed.feed(channel)),
            lines=_lines((each for each in shown if each.cluster.channel is channel), observed),
        )
        for channel in channels
    )


def counts_in_line(channel: Channel, rules: Rules) -> int:
    """How many counts a line of a channel has under these rules."""
    return 1 + channel_of(channel).tally.shared_sums * len(window_names(rules))


def encode(share: Share) -> bytes:
    """The value of a record."""
    plain = msgspec.msgpack.encode(share)
    if len(plain) < PACKED_FROM_BYTES:
        return _PLAIN + plain
    return _PACKED + zlib.compress(plain, _COMPRESSION_LEVEL)


def decode(value: bytes) -> Share:
    """The share in a record; raises `ShareError` for anything else, however large it claims to be.

    Not all that msgspec says of bytes that are none is an error of its own: text that is not UTF-8, and lists in
    lists without end.
    """
    kind, body = value[:1], value[1:]
    try:
        if kind == _PACKED:
            unpacking = zlib.decompressobj()
            body = unpacking.decompress(body, UNPACKED_BYTES_MAX)
            if not unpacking.eof:
                raise ShareError(f"expected a packed share of at most {UNPACKED_BYTES_MAX} bytes")
        elif kind != _PLAIN:
            raise ShareError(f"expected a share, got a record that begins with {kind!r}")
        said = _HEAD.decode(body).format
        share = _DECODER.decode(body) if said == FORMAT else None
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ShareError(f"expected a share of format {FORMAT}: {error}") from None
    if share is None:
        raise ShareError(f"expected a share of format {FORMAT}, got one of format {said}")
    return share


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """What a share of any format begins with."""

    format: int


_DECODER: Final = msgspec.msgpack.Decoder(Share)
_HEAD: Final = msgspec.msgpack.Decoder(_Head)


def _claim(partition: PartitionHealth) -> Claim:
    return Claim(partition.partition, partition.next_offset, partition.reading)


def _feed(partitions: Sequence[PartitionHealth]) -> Feed:
    """A lag that is not known counts as none."""
    ids = ids_of(partitions)
    return Feed(
        last_event_ms=last_event_ms(partitions),
        lag=sum(each.lag or 0 for each in partitions),
        behind_ms=max((each.behind_ms for each in partitions), default=0),
        reused_ids=ids.reused,
        unclear_ids=ids.unclear,
    )


def _lines(shown: Iterable[ClusterFigures], observed: Observed) -> list[Line]:
    names, terms = window_names(observed.rules), observed.terms
    lines = []
    for each in shown:
        mine = terms.of(each.cluster.channel, each.cluster.name)
        sums = chain.from_iterable(each.windows[name].shared(mine) for name in names)
        counts = [each.waiting.count, *sums]
        if any(counts):
            lines.append(Line(each.cluster.name, each.waiting.since_ms, counts))
    return lines
