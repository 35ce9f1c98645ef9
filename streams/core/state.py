"""The state of one source partition: its contacts, what is counted for them, and how a fact changes both.

A function of the log alone: what is in the state after a record depends on the records before it and their
timestamps, never on a clock, on batches or on restarts. `fold` takes facts in, `settle` makes the state readable,
`snapshot_of_contacts`, `take_changes` and `take_in` carry it over a restart. Must not know Kafka or partitions.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice
from sys import intern
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

from streams.contracts.batch import Batch
from streams.core.calendar import Calendar
from streams.core.changes import Changes
from streams.core.contact import Contact
from streams.core.counts import Tally
from streams.core.former import Former, horizons, places
from streams.core.judging import Judging, has_outcome
from streams.core.ledger import Ledger
from streams.core.measure import Excluded, Measurement
from streams.core.rules import HOUR_MS, Channel, Rules
from streams.core.settled import Settled
from streams.core.snapshot import SNAPSHOT_VERSION, Parts, Snapshot
from streams.core.waiting import Place, WaitingRoom

_LOOKED_AT_BEFORE_MS: Final = HOUR_MS
"""How long before the log's time a restored state is first looked at: a reader whose clock is behind the log's by no
more than this need not go through all contacts at once."""

C = TypeVar("C", bound=Contact)
T = TypeVar("T", bound=Tally)
E = TypeVar("E")


class State(ABC, Generic[C, T, E]):
    """What the states of all channels share. Public attributes are for reading; tallies are read through `settle`."""

    channel: Channel
    snapshot_type: ClassVar[Any]
    """Concrete type of the snapshot, for decoding."""
    _tally_type: ClassVar[type[Any]]

    def __init__(self, rules: Rules) -> None:
        """An empty state under the given rules."""
        self.log_ms = 0
        """The newest record's time so far: the only clock of the fold."""
        self.applied = 0
        """Facts taken in, duplicates included."""
        self.last_event_ms: int | None = None
        """The latest `at` of any fact, for the age of the feed."""
        self.contacts: dict[str, C] = {}
        self.rejected: dict[str, int] = {}
        """Records that were no valid event, by reason."""
        self.repaired: dict[str, int] = {}
        """Events whose cluster was spelt otherwise than in the settings, by what was repaired."""
        self.rules = rules
        self.calendar = Calendar(rules)
        self.has_other_rules = False
        """Whether it was taken in by other rules than it was written by."""
        self._slot_ms = rules.slot_ms
        self._places = places(rules, self.channel)
        self._ledger: Ledger[T] = Ledger(self._tally_type, self.calendar, rules.slot_ms, self._places)
        self._room = WaitingRoom(self, self.expiry_ms)
        self._touched: dict[str, C] = {}
        """The contacts that records came for since `settle`."""
        self._forgotten: list[str] = []
        """Open contacts that were forgotten since then."""
        self._changes: Changes[C] = Changes()
        """What has changed up to then, until somebody takes it."""
        self._settled: Settled[C, T] | None = None
        """What readers have, until more is folded."""
        self._judging: Judging[C] | None = None
        """What is still counted by the rules of before; None once nothing is."""
        self._find_horizons()

    # What differs between the channels.

    @abstractmethod
    def _fold(self, batch: Batch[E]) -> None:
        """Fold facts one after the other, moving the log's time on and noting every contact that one came for."""

    @abstractmethod
    def measure_by(self, contact: C, rules: Rules, calendar: Calendar) -> tuple[Measurement, ...]:
        """What is counted for a contact by the facts known and some rules."""

    def measure_formerly(self, contact: C, former: Former) -> tuple[Measurement, ...]:
        """What was counted for a contact of a snapshot by the rules, and the meaning of facts, of before."""
        return self.measure_by(contact, former.rules, former.calendar)

    def is_held_otherwise(self, contact: C, former: Former) -> bool:  # noqa: ARG002 - most channels hold facts as ever
        """Whether today's rules hold a contact of a former snapshot in another form."""
        return False

    def hold_as_today(self, contact: C) -> None:
        """Bring such a contact to that form."""

    @abstractmethod
    def expire(self, contact: C) -> Excluded:
        """What is counted for an open contact that will not be heard of again."""

    @abstractmethod
    def due_ms(self, contact: C) -> int:
        """When the contact was, or is, to begin: expiry and forgetting count from here."""

    @abstractmethod
    def place(self, contact: C) -> Place:
        """An open contact as somebody who may wait."""

    @property
    @abstractmethod
    def expiry_ms(self) -> int:
        """How long after `due_ms` an open contact is `unresolved`."""

    def _count_pending(self) -> None:
        """Put what is only noted so far into its tallies; a channel may count everything at once instead."""

    def _settle_in(self, contact: C) -> None:
        """Bring what a contact of a snapshot holds besides its facts to today's rules."""

    # The fold.

    def fold(self, batch: Batch[E]) -> None:
        """Fold the facts of a batch, whose rejections are none of the state's."""
        if not batch.events:
            return
        self._unsettle()
        self.applied += len(batch.events)
        latest_ms = max(batch.instants_ms)
        if self.last_event_ms is None or latest_ms > self.last_event_ms:
            self.last_event_ms = latest_ms
        self._fold(batch)

    def reject(self, reason: str, record_ms: int, records: int = 1) -> None:
        """Count a record that was no valid event, or so many at once."""
        self.advance(record_ms)
        self.rejected[reason] = self.rejected.get(reason, 0) + records

    def note_repaired(self, repair: str, records: int) -> None:
        """Count events whose cluster was spelt otherwise than in the settings."""
        self.repaired[repair] = self.repaired.get(repair, 0) + records

    def advance(self, record_ms: int) -> None:
        """Move the log's time on, and forget what has become too old by it."""
        if record_ms <= self.log_ms:
            return
        hour_before, self.log_ms = self.log_ms // HOUR_MS, record_ms
        if record_ms // HOUR_MS != hour_before:
            self._unsettle()
            self._find_horizons()
            self._forget()

    @property
    def open(self) -> dict[str, C]:
        """The contacts without an outcome yet, by id: looked for among all there are."""
        return {contact_id: contact for contact_id, contact in self.contacts.items() if contact.is_open}

    def measure(self, contact: C) -> tuple[Measurement, ...]:
        """What is counted for a contact by today's rules."""
        return self.measure_by(contact, self.rules, self.calendar)

    def is_over(self, contact: C, measured: tuple[Measurement, ...]) -> bool:  # noqa: ARG002 - for channels of more waits
        """Whether a contact of which this is counted waits for nothing more."""
        return has_outcome(measured)

    def count_all(self, measured: Iterable[Measurement]) -> None:
        """Count by today's rules what was not counted before."""
        for each in measured:
            self._ledger.count(each)

    def take_back_all(self, former: Former, measured: Iterable[Measurement]) -> None:
        """Take back what was counted by the former rules."""
        for each in measured:
            self._ledger.take_back_by(former, each)

    def _take_back(self, measured: Measurement) -> None:
        self._count_pending()  # it may be one of them
        self._ledger.take_back(measured)

    def _recount_all(self, before: tuple[Measurement, ...], after: tuple[Measurement, ...]) -> None:
        """Count what has changed: of an id that was used again, most has not."""
        for gone in before:
            if gone not in after:
                self._take_back(gone)
        for new in after:
            if new not in before:
                self._ledger.count(new)

    def _recount(self, before: Measurement | None, after: Measurement | None) -> None:
        if before is not None:
            if before == after:
                return
            self._take_back(before)
        if after is not None:
            self._ledger.count(after)

    # Reading.

    def settle(self) -> Settled[C, T]:
        """Count what is only noted so far: the state to be read, until more is folded."""
        self._count_pending()
        periods, slots = self._ledger.take_noted()
        fresh = Changes(self._touched, self._forgotten, periods, slots)
        self._touched, self._forgotten = {}, []
        self._room.update(fresh.contacts, fresh.forgotten)
        self._changes.add(fresh)
        if self._settled is None:
            self._settled = Settled(self, self._ledger, self._room)
        return self._settled

    def _unsettle(self) -> None:
        if self._settled is not None:
            self._settled.end()
            self._settled = None

    def take_changes(self) -> Changes[C]:
        """Settle, and what has changed since this was last called; the note begins anew."""
        self.settle()
        changes, self._changes = self._changes, Changes()
        return changes

    def expired(self, contact: C) -> tuple[str, int, Excluded]:
        """Month, day and what is counted for an open contact once it has expired."""
        excluded = self.expire(contact)
        month, day = self.calendar.month_and_day(excluded.period_ms)
        return month, day, excluded

    # Forgetting.

    def _find_horizons(self) -> None:
        first_slot, first_day, self._forgotten_before_ms = horizons(self.rules, self.calendar, self.log_ms)
        self._ledger.keep_from(first_slot, first_day)

    def _forget(self) -> None:
        self._ledger.drop_old()
        before_ms = self._forgotten_before_ms
        too_old = [
            contact_id
            for contact_id, contact in self.contacts.items()
            if contact.touched < before_ms and self.due_ms(contact) < before_ms
        ]
        for contact_id in too_old:
            self._forget_contact(contact_id)

    def _is_older(self, contact: C, moment_ms: int) -> bool:
        return contact.touched < moment_ms and self.due_ms(contact) < moment_ms

    def _forget_contact(self, contact_id: str) -> None:
        contact = self.contacts.pop(contact_id)
        if contact.is_open is None:
            self._judge_now(contact)
        elif contact.is_open:
            contact.is_open = False
            self._forgotten.append(contact_id)
            self._ledger.count(self.expire(contact))

    # Restarts and changed rules.

    def snapshot_with(
        self, contacts: dict[str, C], months: Parts[str, T], days: Parts[int, T], slots: Parts[int, T]
    ) -> Snapshot[C, T]:
        """A snapshot of these parts of the state. Raises as long as two sets of rules have counted."""
        if self.unjudged:
            raise RuntimeError(f"{self.unjudged} contacts are still counted by the rules of before: judge them first")
        log = (self.log_ms, self.applied, self.last_event_ms)
        counted = (self.rejected, self.repaired)
        return Snapshot(SNAPSHOT_VERSION, self.rules, *log, contacts, months, days, slots, *counted)

    def snapshot_of_contacts(self, contacts: dict[str, C]) -> Snapshot[C, T]:
        """A part of the state that holds nothing but these contacts."""
        return self.snapshot_with(contacts, {}, {}, {})

    def contact_slices(self, length: int) -> Iterator[dict[str, C]]:
        """All contacts there are now, `length` at a time and each as it is when its slice is asked for.

        Folding may go on between slices: contacts that come or change meanwhile are in the changes.
        """
        ids = iter(list(self.contacts))
        while part := list(islice(ids, length)):
            yield {contact_id: self.contacts[contact_id] for contact_id in part if contact_id in self.contacts}

    @classmethod
    def restore(cls, snapshot: Snapshot[C, T], rules: Rules) -> Self:
        """The state that a snapshot, with the changes since taken in, holds, all of it judged by today's rules."""
        state = cls(rules)
        for _ in state.take_in(snapshot):
            pass
        while state.unjudged:
            state.judge(state.unjudged)
        return state

    def take_in(self, snapshot: Snapshot[C, T], at_once: int = 500) -> Iterator[None]:
        """Take in what a snapshot, with the changes since taken in, holds: of an empty state, before anything else.

        Yields whenever it is done with so many contacts. Where the rules have changed since, contacts with an outcome
        stay counted by the former ones until `judge` comes to them; what was forgotten stays as it was judged then.
        """
        self._unsettle()
        self.log_ms, self.applied = snapshot.log_ms, snapshot.applied
        self.last_event_ms, self.rejected = snapshot.last_event_ms, snapshot.rejected
        self.repaired = snapshot.repaired
        self._ledger.take_in(snapshot.months, snapshot.days, snapshot.slots)
        self.contacts = snapshot.contacts
        self._find_horizons()
        self.has_other_rules = snapshot.rules != self.rules
        if self.has_other_rules or snapshot.version != SNAPSHOT_VERSION:
            former = Former(snapshot.rules, self.rules, self.channel, self.log_ms, snapshot.version)
            self._judging = Judging(self, self._ledger, former)
            self._ledger.drop_what_differs(former, self.rules)
        self._ledger.drop_old()  # an old part of a checkpoint holds spans that were forgotten since
        self._room.begin(self.log_ms - _LOOKED_AT_BEFORE_MS)
        ids = iter(tuple(self.contacts))
        while part := tuple(islice(ids, at_once)):
            self._take_in_contacts(part)
            yield
        self._end_judging()

    def _take_in_contacts(self, ids: Iterable[str]) -> None:
        judging = self._judging
        taken = {contact_id: self.contacts[contact_id] for contact_id in self._remembered(ids)}
        anew = set() if judging is None else {each for each in taken if self._hold_as_today(judging, taken[each])}
        for contact in taken.values():
            contact.cluster = intern(contact.cluster)
            contact.is_open = not self.is_over(contact, self.measure(contact))
        opened = {contact_id: contact for contact_id, contact in taken.items() if contact.is_open}
        if judging is not None:
            rest = {contact_id: contact for contact_id, contact in taken.items() if contact_id not in anew}
            judging.count_anew(each for each in rest.values() if each.is_open)  # at once: looked at, and few
            judging.put_off({each: contact for each, contact in rest.items() if self._may_differ(contact)})
            for contact_id, contact in taken.items():
                if self._is_older(contact, self._forgotten_before_ms):
                    # now: the next restart drops in silence what today's rules forget sooner
                    self._forget_contact(contact_id)
        self._room.update({contact_id: each for contact_id, each in opened.items() if each.is_open})
        self._room.look(self.log_ms - _LOOKED_AT_BEFORE_MS)

    def _remembered(self, ids: Iterable[str]) -> Iterator[str]:
        """Those of a snapshot's contacts that were not forgotten since, and counted then, as in an old part of it."""
        forgotten_ms = self._forgotten_before_ms
        if self._judging is not None:
            forgotten_ms = self._judging.former.horizons.forgotten_before_ms
        for contact_id in ids:
            contact = self.contacts[contact_id]
            if self._is_older(contact, forgotten_ms):
                del self.contacts[contact_id]
            else:
                self._settle_in(contact)
                yield contact_id

    def _hold_as_today(self, judging: Judging[C], contact: C) -> bool:
        """Bring a contact to today's form and judge it at once, where it has another: few have, and who waits may
        follow from it."""
        if not self.is_held_otherwise(contact, judging.former):
            return False
        judging.count_as_held_today(contact)
        return True

    def _may_differ(self, contact: C) -> bool:
        """Whether a contact with an outcome may have been counted otherwise by the former rules, or their meaning."""
        if contact.is_open:
            return False
        former = None if self._judging is None else self._judging.former
        return self.has_other_rules or (
            former is not None and self.measure_formerly(contact, former) != self.measure(contact)
        )

    # Judging anew.

    @property
    def unjudged(self) -> int:
        """Contacts that are still counted by the rules of before; nothing may be written while there are any."""
        return 0 if self._judging is None else self._judging.unjudged

    def judge(self, at_most: int) -> None:
        """Judge so many contacts by today's rules that are still counted by those of before, the newest first.

        Folding and reading may go on in between: whoever a fact comes for, or is forgotten, is judged by then.
        """
        if self._judging is not None:
            self._unsettle()
            self._judging.judge(at_most)
            self._end_judging()

    def _end_judging(self) -> None:
        if self._judging is not None and self._judging.is_done:
            self._judging = None

    def _judge_now(self, contact: C) -> None:
        """Judge a contact that is counted by the rules of before."""
        assert self._judging is not None, "something was counted by other rules"
        self._judging.judge_these((contact,))


AnyState = State[Any, Any, Any]
"""Of whatever channel."""
