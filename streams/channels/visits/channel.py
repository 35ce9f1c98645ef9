"""The desks as a channel."""

from typing import Final

from streams.channels.channel import ChannelParts
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.indicators import LEAD_TIME, WAIT
from streams.channels.visits.state import TicketState
from streams.contracts.decode import TicketDecoder
from streams.core.rules import Channel

VISITS: Final = ChannelParts(
    name=Channel.DESK,
    called="the desks",
    contacts="tickets",
    topic_setting="tickets_topic",
    stale_setting="tickets_stale_seconds",
    decoder=TicketDecoder,
    state=TicketState,
    tally=DeskTally,
    indicators=(WAIT, LEAD_TIME),
    has_walk_ins=True,
    tells_seconds=False,
)
