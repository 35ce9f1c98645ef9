"""The state of one partition of the topic of chats."""

from sys import intern

from streams.contracts.batch import Batch
from streams.core.calendar import Calendar
from streams.core.measure import Excluded, Exclusion, Measurement
from streams.core.rules import HOUR_MS, Channel, Rules
from streams.core.snapshot import Snapshot
from streams.core.state import State
from streams.core.waiting import Place
from tests.channels.chat.contact import CHAT_FACTS, Chat, measure_chat
from tests.channels.chat.counts import ChatTally
from tests.channels.chat.events import AnyChatEvent


class ChatState(State[Chat, ChatTally, AnyChatEvent]):
    """Chats of one partition of their topic."""

    channel = Channel.named("chat")
    snapshot_type = Snapshot[Chat, ChatTally]
    _tally_type = ChatTally

    def _fold(self, batch: Batch[AnyChatEvent]) -> None:
        for event, at, record_ms in zip(batch.events, batch.instants_ms, batch.record_times_ms, strict=True):
            self.advance(record_ms)
            chat = self.contacts.setdefault(event.chat_id, Chat())
            chat.touched = self.log_ms
            self._touched[event.chat_id] = chat
            self._merge(chat, event, at)

    def _merge(self, chat: Chat, event: AnyChatEvent, at: int) -> None:
        if chat.is_open is None:
            self._judge_now(chat)
        before = None if chat.is_open else measure_chat(chat, self.rules)
        fact, rank = CHAT_FACTS[type(event)]
        known = getattr(chat, fact)
        setattr(chat, fact, at if known is None else min(known, at))
        if chat.is_stated_better(rank, at, event.cluster):
            chat.state_cluster(rank, at, intern(event.cluster))
        after = measure_chat(chat, self.rules)
        self._recount(before, after)
        chat.is_open = after is None

    def measure_by(self, contact: Chat, rules: Rules, calendar: Calendar) -> tuple[Measurement, ...]:  # noqa: ARG002 - no hours
        """Nothing while it is open."""
        measured = measure_chat(contact, rules)
        return () if measured is None else (measured,)

    def place(self, contact: Chat) -> Place:
        """Who chats waits from the moment the chat was offered."""
        return Place(contact.cluster, contact.due, contact.offered, walk_in=False)

    def expire(self, contact: Chat) -> Excluded:
        """The chat as `unresolved`."""
        return Excluded(contact.cluster, contact.due, contact.due, Exclusion.UNRESOLVED)

    def due_ms(self, contact: Chat) -> int:
        """When the chat was offered."""
        return contact.due

    @property
    def expiry_ms(self) -> int:
        """Nobody waits longer for an answer in a chat."""
        return HOUR_MS
