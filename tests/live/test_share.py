"""Shares as bytes: they come back as they were, and bytes that are none are refused, whatever they claim to be."""

import zlib

import msgspec
import pytest

from streams.core.rules import Channel
from streams.live.observed import Reading
from streams.live.problems import Problem
from streams.live.share import (
    FORMAT,
    LINES_MAX,
    PACKED_FROM_BYTES,
    PARTITIONS_MAX,
    PARTS_MAX,
    UNPACKED_BYTES_MAX,
    Claim,
    Feed,
    Line,
    Part,
    Share,
    ShareError,
    decode,
    encode,
)
from streams.words import message


def share(lines: int = 1) -> Share:
    """A share with so many clusters."""
    return Share(
        group="group",
        worker="worker",
        generation=3,
        rules="rules",
        computed_ms=1_700_000_000_000,
        parts=[
            Part(
                channel=Channel.PHONE,
                day=739_000,
                claims=[Claim(0, 17, Reading.BEHIND)],
                feed=Feed(1_700_000_000_000, 3, 20),
                lines=[Line(f"line {number}", None, [number] * 17) for number in range(lines)],
            )
        ],
        problems=[Problem(code="clock", text="wrong", on_wall=message("problem-clock"), channels=(Channel.DESK,))],
    )


@pytest.mark.parametrize("lines", [0, 1, 1_000])
def test_a_share_comes_back_as_it_was(lines: int) -> None:
    assert decode(encode(share(lines))) == share(lines)


def test_a_share_of_a_thousand_clusters_is_packed() -> None:
    assert len(msgspec.msgpack.encode(share(1_000))) > PACKED_FROM_BYTES > len(encode(share(1_000)))


def claimed(claim: Claim, *counts: int, lines: int = 1) -> bytes:
    """A share with this claim, and so many lines of these counts."""
    (part,) = share().parts
    named = [Line("", None, list(counts))] * lines
    part = msgspec.structs.replace(part, claims=[claim], lines=named)
    return encode(msgspec.structs.replace(share(), parts=[part]))


CLAIM = Claim(0, 17, Reading.CURRENT)

PLAIN = msgspec.msgpack.encode(share())


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"p",
        b"z",
        b"?",
        b"p\x91\x01",
        encode(share())[:-1],
        encode(share(1_000))[:-1],
        encode(msgspec.structs.replace(share(), format=FORMAT + 1)),
        b"p" + msgspec.msgpack.encode({"no": "share"}),
        b"p" + PLAIN.replace(b"worker", b"\xff\xfeorke"),
        b"p" + bytes([PLAIN[0] + 1]) + PLAIN[1:] + b"\x91" * 100_000 + b"\xc0",
        claimed(CLAIM, lines=LINES_MAX + 1),
        claimed(Claim(PARTITIONS_MAX, 17, Reading.CURRENT)),
        claimed(Claim(-1, 17, Reading.CURRENT)),
        claimed(CLAIM, 2**64 - 1),
        encode(msgspec.structs.replace(share(), parts=share().parts * (PARTS_MAX + 1))),
    ],
    ids=lambda value: value[:12].hex(),
)
def test_what_is_no_share_is_refused(value: bytes) -> None:
    with pytest.raises(ShareError, match="expected"):
        decode(value)


def test_a_share_of_another_format_is_told_by_it_whatever_it_holds() -> None:
    """Those of format 1 said in Dutch what is wrong, as text."""
    former = [1, "lier", "one", 3, "digest", None, [], [["clocks_differ", "text", "De klok loopt voor", [], False]]]
    with pytest.raises(ShareError, match=f"of format {FORMAT}, got one of format 1$"):
        decode(b"p" + msgspec.msgpack.encode(former))


def test_the_largest_share_there_can_be_is_one() -> None:
    value = claimed(Claim(PARTITIONS_MAX - 1, 2**53, Reading.CURRENT), -(2**53), 2**53, lines=LINES_MAX)
    assert len(decode(value).parts[0].lines) == LINES_MAX


def test_what_would_unpack_too_large_is_refused_before_it_is() -> None:
    """A record of a megabyte may hold a thousand of them."""
    packed = b"z" + zlib.compress(bytes(UNPACKED_BYTES_MAX + 1))
    with pytest.raises(ShareError, match=f"at most {UNPACKED_BYTES_MAX} bytes"):
        decode(packed)
