"""The state of one source partition: contacts, tallies, and how a fact changes both.

A function of the log alone: what is in the state after a record depends on the records before it and their
timestamps, never on a clock, on batches or on restarts. `apply` folds one fact, `snapshot` and `restore` carry the
state over a restart. Must not know Kafka, partitions or offsets.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import msgspec

from streams.contracts.events import AnyCallEvent, AnyTicketEvent, instant_ms
from streams.core.calendar import Calendar
from streams.core.contact import Call, Contact, Ticket
from streams.core.measure import (
    Excluded,
    LeadTime,
    Measurement,
    earliest,
    expire_call,
    expire_visit,
    measure_call,
    measure_lead,
    measure_visit,
)
from streams.core.rules import HOUR_MS, MINUTE_MS, Channel, Rules
from streams.core.tally import DeskTally, PhoneTally, Tally, WaitPlace, place_of

SNAPSHOT_VERSION: Final = 1
"""Format of `Snapshot`: raise it whenever a field changes its meaning."""

_DAYS_KEPT: Final = 3
"""Local days of tallies kept before the log's day: today, and what late records and readers may still ask for."""

_SLOTS_SPARE_MS: Final = 10 * MINUTE_MS
"""Slots kept beyond the longest window, for a reader whose clock is behind the log's."""

K = TypeVar("K")
C = TypeVar("C", bound=Contact)
T = TypeVar("T", bound=Tally)
E = TypeVar("E")


class Snapshot(msgspec.Struct, Generic[C, T]):
    """A state as plain data. The rules are those by which its tallies were made."""

    version: int
    rules: Rules
    log_ms: int
    applied: int
    last_event_ms: int | None
    contacts: dict[str, C]
    months: dict[str, dict[str, T]]
    days: dict[int, dict[str, T]]
    slots: dict[int, dict[str, T]]
    rejected: dict[str, int]


class State(ABC, Generic[C, T, E]):
    """What `CallState` and `TicketState` share. Public attributes are for reading."""

    channel: ClassVar[Channel]
    snapshot_type: ClassVar[Any]
    """Concrete type of the snapshot, for decoding."""

    def __init__(self, rules: Rules) -> None:
        """An empty state under the given rules."""
        self.log_ms = 0
        """The newest record's time so far: the only clock of the fold."""
        self.applied = 0
        """Facts taken in, duplicates included."""
        self.last_event_ms: int | None = None
        """The latest `at` of any fact, for the age of the feed."""
        self.contacts: dict[str, C] = {}
        self.open: dict[str, C] = {}
        """The contacts without an outcome yet, by id."""
        self.months: dict[str, dict[str, T]] = {}
        self.days: dict[int, dict[str, T]] = {}
        self.slots: dict[int, dict[str, T]] = {}
        self.rejected: dict[str, int] = {}
        """Records that were no valid event, by reason."""
        self.changed_months: set[tuple[str, str]] = set()
        """Month and cluster of the tallies that changed since a writer last cleared this set."""
        self._judge_by(rules)

    def _judge_by(self, rules: Rules) -> None:
        self.rules = rules
        self.calendar = Calendar(rules)
        self._norms_ms = {name: cluster.norm_ms for name, cluster in rules.channel_clusters(self.channel).items()}
        self._find_horizons()

    # What differs between calls and visits.

    @abstractmethod
    def _merge(self, event: E) -> tuple[str, C, tuple[Measurement, ...], bool]:
        """Merge a fact: the contact's id, the contact, what was counted for it before, whether that may change."""

    @abstractmethod
    def _new_tally(self) -> T: ...

    @abstractmethod
    def _measure(self, contact: C) -> tuple[Measurement, ...]:
        """What is counted for a contact by the facts known."""

    @abstractmethod
    def expire(self, contact: C) -> Excluded:
        """What is counted for an open contact that will not be heard of again."""

    @abstractmethod
    def due_ms(self, contact: C) -> int:
        """When the contact was, or is, to begin: expiry and forgetting count from here."""

    @property
    @abstractmethod
    def expiry_ms(self) -> int:
        """How long after `due_ms` an open contact is `unresolved`."""

    # The fold.

    def apply(self, event: E, record_ms: int) -> None:
        """Fold one fact, read from a record with the given time (ms)."""
        if record_ms > self.log_ms:
            self.advance(record_ms)
        self.applied += 1
        contact_id, contact, before, changed = self._merge(event)
        contact.touched = self.log_ms
        if changed:
            self._replace(contact_id, contact, before)

    def reject(self, reason: str, record_ms: int) -> None:
        """Count a record that was no valid event."""
        self.advance(record_ms)
        self.rejected[reason] = self.rejected.get(reason, 0) + 1

    def advance(self, record_ms: int) -> None:
        """Move the log's time on, and forget what has become too old by it."""
        if record_ms <= self.log_ms:
            return
        hour_before, self.log_ms = self.log_ms // HOUR_MS, record_ms
        if record_ms // HOUR_MS != hour_before:
            self._find_horizons()
            self._forget()

    def _replace(self, contact_id: str, contact: C, before: tuple[Measurement, ...]) -> None:
        after = self._measure(contact)
        if after or before:
            self._recount(before, after)
        if _has_outcome(after):
            self.open.pop(contact_id, None)
        else:
            self.open[contact_id] = contact

    def _recount(self, before: tuple[Measurement, ...], after: tuple[Measurement, ...]) -> None:
        if before != after:
            for measured in before:
                self._count(measured, -1)
            for measured in after:
                self._count(measured, 1)

    def _count(self, measured: Measurement, sign: int) -> None:
        """Add or take back a measurement wherever its moments fall.

        Days and slots beyond the horizon stay dropped: the horizon only moves on, so what cannot be taken back
        there is not there any more either.
        """
        cluster = measured.cluster
        place = place_of(measured, self.rules, self._norms_ms.get(cluster, 0))
        month, day = self.calendar.month_and_day(measured.period_ms)
        self._count_in(self.months, month, measured, sign, place)
        self.changed_months.add((month, cluster))
        if day >= self._first_day:
            self._count_in(self.days, day, measured, sign, place)
        slot = measured.known_ms // self.rules.slot_ms
        if slot >= self._first_slot:
            self._count_in(self.slots, slot, measured, sign, place)

    def _count_in(
        self, spans: dict[K, dict[str, T]], span: K, measured: Measurement, sign: int, place: WaitPlace
    ) -> None:
        by_cluster = spans.get(span)
        if by_cluster is None:
            by_cluster = spans[span] = {}
        cluster = measured.cluster
        tally = by_cluster.get(cluster)
        if tally is None:
            tally = by_cluster[cluster] = self._new_tally()
        tally.count(measured, sign, place)
        if sign < 0 and tally.is_empty():
            del by_cluster[cluster]
            if not by_cluster:
                del spans[span]

    # Forgetting.

    def _find_horizons(self) -> None:
        longest_ms = max(self.rules.windows_minutes, default=0) * MINUTE_MS + _SLOTS_SPARE_MS
        hour_start_ms = self.log_ms // HOUR_MS * HOUR_MS
        self._first_slot = (hour_start_ms - longest_ms) // self.rules.slot_ms
        self._first_day = self.calendar.day(hour_start_ms) - _DAYS_KEPT

    def _forget(self) -> None:
        for slot in [slot for slot in self.slots if slot < self._first_slot]:
            del self.slots[slot]
        for day in [day for day in self.days if day < self._first_day]:
            del self.days[day]
        before_ms = self.log_ms // HOUR_MS * HOUR_MS - self.rules.memory_ms
        gone = [
            contact_id
            for contact_id, contact in self.contacts.items()
            if contact.touched < before_ms and self.due_ms(contact) < before_ms
        ]
        for contact_id in gone:
            contact = self.contacts.pop(contact_id)
            if self.open.pop(contact_id, None) is not None:
                self._count(self.expire(contact), 1)

    # Restarts and changed rules.

    def snapshot(self) -> Snapshot[C, T]:
        """The state as plain data that shares its parts: encode it before folding on."""
        return Snapshot(
            SNAPSHOT_VERSION,
            self.rules,
            self.log_ms,
            self.applied,
            self.last_event_ms,
            self.contacts,
            self.months,
            self.days,
            self.slots,
            self.rejected,
        )

    @classmethod
    def restore(cls, snapshot: Snapshot[C, T], rules: Rules) -> Self:
        """The state that a snapshot holds, under today's rules.

        Where the rules have changed since, every contact that is still remembered is taken back by the old rules
        and counted by the new; what was forgotten stays as it was judged then.
        """
        state = cls(snapshot.rules)
        state.log_ms, state.applied = snapshot.log_ms, snapshot.applied
        state.last_event_ms, state.rejected = snapshot.last_event_ms, snapshot.rejected
        state.contacts = snapshot.contacts
        state.months, state.days, state.slots = snapshot.months, snapshot.days, snapshot.slots
        state._find_horizons()
        if snapshot.rules != rules:
            state._judge_anew(rules)
        state.open = {
            contact_id: contact
            for contact_id, contact in state.contacts.items()
            if not _has_outcome(state._measure(contact))
        }
        return state

    def _judge_anew(self, rules: Rules) -> None:
        before = self.rules
        for contact in self.contacts.values():
            for measured in self._measure(contact):
                self._count(measured, -1)
        self._judge_by(rules)
        if rules.slot_ms != before.slot_ms:
            self.slots.clear()
        if rules.zone != before.zone:
            self.days.clear()
        for contact in self.contacts.values():
            for measured in self._measure(contact):
                self._count(measured, 1)


class CallState(State[Call, PhoneTally, AnyCallEvent]):
    """Calls of one partition of the topic `calls`."""

    channel = Channel.PHONE
    snapshot_type = Snapshot[Call, PhoneTally]

    def _merge(self, event: AnyCallEvent) -> tuple[str, Call, tuple[Measurement, ...], bool]:
        call_id = event.call_id
        at = instant_ms(event.at)
        if self.last_event_ms is None or at > self.last_event_ms:
            self.last_event_ms = at
        call = self.contacts.get(call_id)
        if call is None:
            call = self.contacts[call_id] = Call()
            return call_id, call, (), call.merge(event, at)
        before = () if call_id in self.open else self._measure(call)  # nothing is counted for an open call
        return call_id, call, before, call.merge(event, at)

    def _new_tally(self) -> PhoneTally:
        return PhoneTally()

    def _measure(self, contact: Call) -> tuple[Measurement, ...]:
        measured = measure_call(contact, self.rules, self.calendar)
        return () if measured is None else (measured,)

    def expire(self, contact: Call) -> Excluded:
        """The call as `unresolved`, or left out for when it was offered."""
        return expire_call(contact, self.calendar)

    def due_ms(self, contact: Call) -> int:
        """When the call was offered, or the earliest fact known."""
        if contact.offered is not None:
            return contact.offered
        at = earliest(contact.answered, contact.abandoned, contact.ended)
        assert at is not None, "a call has at least one fact"
        return at

    @property
    def expiry_ms(self) -> int:
        """From the rules."""
        return self.rules.call_expiry_ms


class TicketState(State[Ticket, DeskTally, AnyTicketEvent]):
    """Visits of one partition of the topic `tickets`."""

    channel = Channel.DESK
    snapshot_type = Snapshot[Ticket, DeskTally]

    def _merge(self, event: AnyTicketEvent) -> tuple[str, Ticket, tuple[Measurement, ...], bool]:
        ticket_id = event.ticket_id
        at = instant_ms(event.at)
        if self.last_event_ms is None or at > self.last_event_ms:
            self.last_event_ms = at
        ticket = self.contacts.get(ticket_id)
        if ticket is None:
            ticket = self.contacts[ticket_id] = Ticket()
            return ticket_id, ticket, (), ticket.merge(event, at)
        before = self._measure(ticket)
        return ticket_id, ticket, before, ticket.merge(event, at)

    def _new_tally(self) -> DeskTally:
        return DeskTally()

    def _measure(self, contact: Ticket) -> tuple[Measurement, ...]:
        lead = measure_lead(contact, self.calendar)
        visit = measure_visit(contact, self.rules)
        return tuple(measured for measured in (lead, visit) if measured is not None)

    def expire(self, contact: Ticket) -> Excluded:
        """The visit as `unresolved`."""
        return expire_visit(contact)

    def due_ms(self, contact: Ticket) -> int:
        """When the visit was to begin."""
        return contact.due

    @property
    def expiry_ms(self) -> int:
        """From the rules."""
        return self.rules.ticket_expiry_ms


def _has_outcome(measured: tuple[Measurement, ...]) -> bool:
    return bool(measured) and type(measured[-1]) is not LeadTime  # the visit's outcome comes behind its lead time
