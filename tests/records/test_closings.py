"""What is frozen of telephone and desk is written and read as ever, whatever channels there are besides."""

import msgspec
import pytest

from streams.channels.calls.counts import PhoneTally
from streams.channels.visits.counts import DeskTally
from streams.core.counts import Tally
from streams.core.rules import Channel
from streams.records.closings import FrozenTotal, frozen_total


@pytest.mark.parametrize(
    ("channel", "tally", "written"),
    [
        (
            Channel.PHONE,
            PhoneTally(answered=2, wait_ms=3, sketch={5: 2}),
            b'{"channel":"phone","cluster":"k","source":"s-0",'
            b'"phone":{"wait_ms":3,"sketch":{"5":2},"answered":2},"desk":null}',
        ),
        (
            Channel.DESK,
            DeskTally(served=1, wait_ms=3),
            b'{"channel":"desk","cluster":"k","source":"s-0","phone":null,"desk":{"wait_ms":3,"served":1}}',
        ),
    ],
    ids=["phone", "desk"],
)
def test_what_is_frozen_is_the_same_bytes_as_ever(channel: Channel, tally: Tally, written: bytes) -> None:
    assert msgspec.json.encode(frozen_total(channel, "k", "s-0", tally)) == written
    assert msgspec.json.decode(written, type=FrozenTotal).tally == tally
