"""The telephone as a channel."""

from typing import Final

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.indicators import MISSED_SHARE, SERVICE_LEVEL, WAIT
from streams.channels.calls.state import CallState
from streams.channels.channel import ChannelParts
from streams.contracts.decode import CallDecoder
from streams.core.rules import Channel

CALLS: Final = ChannelParts(
    name=Channel.PHONE,
    called="the phone",
    contacts="calls",
    topic_setting="calls_topic",
    stale_setting="calls_stale_seconds",
    decoder=CallDecoder,
    state=CallState,
    tally=PhoneTally,
    counts_by_hours=True,
    indicators=(WAIT, SERVICE_LEVEL, MISSED_SHARE),
)
