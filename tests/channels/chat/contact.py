"""One chat, as far as its facts are known, and what is counted for it. At night chats are answered too."""

from typing import Final

from streams.core.contact import Contact
from streams.core.measure import Excluded, Exclusion, Measurement, earliest
from streams.core.rules import Rules
from tests.channels.chat.events import Abandoned, Answered, ChatEvent, Ended, Offered


class Chat(Contact, gc=False, array_like=True):
    """One chat: the earliest time of each fact, UTC ms."""

    offered: int | None = None
    answered: int | None = None
    abandoned: int | None = None
    ended: int | None = None

    @property
    def due(self) -> int:
        """When it was offered, or the earliest fact known."""
        at = self.offered if self.offered is not None else earliest(self.answered, self.abandoned, self.ended)
        assert at is not None, "a chat has at least one fact"
        return at


CHAT_FACTS: Final[dict[type[ChatEvent], tuple[str, int]]] = {
    Offered: ("offered", 0),
    Answered: ("answered", 1),
    Abandoned: ("abandoned", 2),
    Ended: ("ended", 3),
}
"""Event to the fact it states and its rank in saying the cluster."""


class AnsweredChat(Measurement, frozen=True, gc=False):
    """A chat that was answered after `wait_ms`."""

    wait_ms: int


class AbandonedChat(Measurement, frozen=True, gc=False):
    """A chat that ended without an answer."""


def measure_chat(chat: Chat, rules: Rules) -> Measurement | None:
    """What is counted for a chat, or None while it is open."""
    if chat.offered is None:
        return None
    if chat.answered is None:
        left = earliest(chat.abandoned, chat.ended)
        return None if left is None else AbandonedChat(chat.cluster, chat.offered, left)
    wait_ms = chat.answered - chat.offered
    if 0 <= wait_ms <= rules.longest_wait_ms:
        return AnsweredChat(chat.cluster, chat.offered, chat.answered, wait_ms)
    return Excluded(chat.cluster, chat.offered, chat.answered, Exclusion.IMPLAUSIBLE)
