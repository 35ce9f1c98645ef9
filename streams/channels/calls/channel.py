"""The telephone as a channel."""

from typing import Final

from streams.channels.calls.counts import PhoneTally
from streams.channels.calls.events import CallDecoder
from streams.channels.calls.examples import call_examples
from streams.channels.calls.indicators import MISSED_SHARE, SERVICE_LEVEL, WAIT
from streams.channels.calls.state import CallState
from streams.channels.channel import ChannelParts
from streams.core.rules import HOUR_MS, Channel

CALLS: Final = ChannelParts(
    name=Channel.PHONE,
    called="the phone",
    contact="telephone call",
    contacts="calls",
    topic_setting="calls_topic",
    stale_setting="calls_stale_seconds",
    decoder=CallDecoder,
    examples=call_examples,
    state=CallState,
    tally=PhoneTally,
    frozen_in="phone",
    counts_by_hours=True,
    may_go_on=lambda rules: f"up to {rules.call_expiry_ms / HOUR_MS:g} hours after the raise",
    indicators=(WAIT, SERVICE_LEVEL, MISSED_SHARE),
)
