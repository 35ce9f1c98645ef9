"""The desks as a channel."""

from typing import Final

from streams.channels.channel import ChannelParts
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.events import TicketDecoder
from streams.channels.visits.examples import ticket_examples
from streams.channels.visits.indicators import LEAD_TIME, WAIT
from streams.channels.visits.state import TicketState
from streams.core.rules import Channel

VISITS: Final = ChannelParts(
    name=Channel.DESK,
    called="the desks",
    contact="visit to a desk",
    contacts="tickets",
    topic_setting="tickets_topic",
    stale_setting="tickets_stale_seconds",
    decoder=TicketDecoder,
    examples=ticket_examples,
    state=TicketState,
    tally=DeskTally,
    indicators=(WAIT, LEAD_TIME),
    frozen_in="desk",
    has_walk_ins=True,
    may_go_on=lambda _: "until the last appointment that was asked for before the raise",
    tells_seconds=False,
)
