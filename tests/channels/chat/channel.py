"""Chats as a channel, and how it is added."""

from typing import Final

from streams.added import add_channel
from streams.channels import ChannelParts
from streams.sources.simulation.simulator import Simulator
from tests.channels.chat.counts import ChatTally
from tests.channels.chat.events import ChatDecoder, Offered
from tests.channels.chat.indicators import ABANDONED_SHARE, WAIT
from tests.channels.chat.layout import ChatsLayout
from tests.channels.chat.simulator import simulate_chats
from tests.channels.chat.state import ChatState

CHATS: Final = ChannelParts(
    name=ChatState.channel,
    called="the chat",
    contacts="chats",
    topic_default="chats",
    stale_default_seconds=120,
    decoder=ChatDecoder,
    state=ChatState,
    tally=ChatTally,
    indicators=(WAIT, ABANDONED_SHARE),
)


def add() -> None:
    """Add it to this process, as an installation would."""
    add_channel(CHATS, ChatsLayout(), "tests.channels.chat", simulator=Simulator(simulate_chats, Offered))
