"""The facts that a contact of Amazon Connect tells, or the reason why it tells none.

Each thing that is said of a contact tells all the facts that it holds, so that one that is lost is told by the next;
events and records of the same contact tell the same. All contacts of a call tell facts of one id, that of its first
contact, so a caller who is sent from queue to queue waits once, and who is called back is the one who asked. Must not
know settings.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from streams.channels.calls.events import (
    Abandoned,
    Answered,
    CallbackRequested,
    CalledBack,
    CallEvent,
    Ended,
    Offered,
)
from streams.core.rules import SECOND_MS
from streams.sources.call_rules import CallRules
from streams.sources.connect.contacts import Contact, Way


class NoFact(StrEnum):
    """Why a contact became no fact."""

    NO_CALLER = "no_caller"
    """Nobody called: outbound, internal, or a callback that nobody asked for by telephone."""
    NO_QUEUE = "no_queue"
    """It is over, was in no queue, and the number that was dialled is not named."""
    QUEUE_NOT_NAMED = "queue_not_named"
    """Neither its queue nor the number is named."""
    NO_TIME = "no_time"
    """It says of no moment when it was."""


class Told(NamedTuple):
    """What a contact tells."""

    events: tuple[CallEvent, ...] = ()
    reason: NoFact | None = None


_AFTER_ASKING: Final = (Way.CALLBACK, Way.CALLBACK_ASKED, Way.CALLBACK_DIALLED)


class ContactFacts:
    """Reads contacts: calling it gives what one tells."""

    def __init__(self, rules: CallRules, *, whole_seconds: bool) -> None:
        """`whole_seconds` cuts off what is less, as records do: where both are read they must say the same."""
        self._rules = rules
        self._unit_ms = SECOND_MS if whole_seconds else 1

    def __call__(self, contact: Contact) -> Told:
        """All that it tells by now."""
        if contact.way is Way.HANDED_ON:  # who was answered before: nothing that follows matters
            return Told()
        if contact.way is Way.OTHER or (contact.way in _AFTER_ASKING and contact.call == contact.contact):
            return Told(reason=NoFact.NO_CALLER)
        cluster = self._rules.cluster(contact.number, contact.queues)
        if cluster is None:
            return self._in_no_cluster(contact)
        events = tuple(
            kind(contact.call, cluster, at_ms // self._unit_ms * self._unit_ms / SECOND_MS)
            for kind, at_ms in _moments(contact)
            if at_ms is not None
        )
        return Told(events) if events or contact.began_ms is not None else Told(reason=NoFact.NO_TIME)

    def _in_no_cluster(self, contact: Contact) -> Told:
        """While a caller is in the menu the queue is yet to come."""
        if contact.queues:
            return Told(reason=NoFact.QUEUE_NOT_NAMED)
        return Told(reason=None if contact.ended_ms is None else NoFact.NO_QUEUE)


def _moments(contact: Contact) -> Iterator[tuple[type[CallEvent], int | None]]:
    """Each kind of fact of a contact, with when it was if it was."""
    if contact.way in (Way.CALLBACK, Way.CALLBACK_ASKED):
        yield CallbackRequested, contact.began_ms
    if contact.way in (Way.CALLBACK, Way.CALLBACK_DIALLED):
        yield CalledBack, contact.answered_ms
    if contact.way in _AFTER_ASKING:
        return
    yield Offered, contact.began_ms
    if contact.way is Way.NEXT_QUEUE:  # the end of the contact before may be written some milliseconds later
        yield Offered, contact.queued_ms
        yield Offered, contact.answered_ms
    yield Answered, contact.answered_ms
    yield Abandoned if contact.queued_ms is not None and contact.answered_ms is None else Ended, contact.ended_ms
