"""The state of one source partition: contacts, tallies, and how a fact changes both.

A function of the log alone: what is in the state after a record depends on the records before it and their
timestamps, never on a clock, on batches or on restarts. `fold` takes facts in, `snapshot`, `take_changes` and
`restore` carry the state over a restart. Must not know Kafka, partitions or offsets.

Where the time of a call's facts goes, roughly: finding, making and changing the contact 3/4, asking for the opening
hours 1/8, counting 1/8. So the answer to an open call, which nearly every other fact is, takes the shortest way: its
wait is noted, and counted with others of its place once somebody looks. Whatever else is counted finds its tallies
among those of nearby moments.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import msgspec

from streams.contracts.events import Answered, AnyCallEvent, AnyTicketEvent, Finished, instant_ms
from streams.core.calendar import Calendar, Opening
from streams.core.contact import ANSWERED_RANK, CALL_FACTS, OFFERED_RANK, TICKET_FACTS, Call, Contact, Ticket
from streams.core.measure import (
    Excluded,
    LeadTime,
    Measurement,
    MissedCall,
    earliest,
    expire_call,
    expire_visit,
    measure_call,
    measure_lead,
    measure_visit,
)
from streams.core.rules import HOUR_MS, MINUTE_MS, QUARTER_MS, Channel, Rules
from streams.core.tally import (
    DeskTally,
    PhoneTally,
    Places,
    Tally,
    add_to_sketch,
    count_answered,
    count_missed,
)
from streams.core.waiting import Place, WaitingRoom

SNAPSHOT_VERSION: Final = 3
"""Format of `Snapshot`: raise it whenever a field changes its meaning."""

_DAYS_KEPT: Final = 3
"""Local days of tallies kept before the log's day: today, and what late records and readers may still ask for."""

_BLOCK_SLOTS: Final = (90, 30, 6)
"""Slots that are summed once for all readers: a quarter of an hour, 5 minutes and a minute of slots of 10 s, each
block from those of the next length. The windows of 5, 15 and 60 minutes are then some 32 sums and not 360."""

_UNCOUNTED_FACTS_MAX: Final = 60_000
"""Facts after which waits are counted although nobody looks: 10 ms in which nothing else runs, 50 with a thousand
clusters. Fewer at once would be more work: with many clusters it is done for a handful of calls at a time."""

_SLOTS_SPARE_MS: Final = 10 * MINUTE_MS
"""Slots kept beyond the longest window, for a reader whose clock is behind the log's."""

K = TypeVar("K")
C = TypeVar("C", bound=Contact)
T = TypeVar("T", bound=Tally)
E = TypeVar("E", AnyCallEvent, AnyTicketEvent)

Spans = dict[K, dict[str, T]]
"""Tallies by span of time and cluster."""

_Parts = dict[K, dict[str, T | None]]
"""The same where only some may be given, and None says that there is none any more."""


class Snapshot(msgspec.Struct, Generic[C, T]):
    """A state, or what has changed in it, as plain data. The rules are those by which its tallies were made.

    In changes, `contacts` are those that records came for and the tallies those that were counted in; None stands
    for a tally in which nothing is left.
    """

    version: int
    rules: Rules
    log_ms: int
    applied: int
    last_event_ms: int | None
    contacts: dict[str, C]
    months: _Parts[str, T]
    days: _Parts[int, T]
    slots: _Parts[int, T]
    rejected: dict[str, int]

    def update(self, later: Self) -> None:
        """Take in what has changed since."""
        self.rules, self.log_ms, self.applied = later.rules, later.log_ms, later.applied
        self.last_event_ms, self.rejected = later.last_event_ms, later.rejected
        self.contacts.update(later.contacts)
        _update_spans(self.months, later.months)
        _update_spans(self.days, later.days)
        _update_spans(self.slots, later.slots)


def _update_spans(mine: _Parts[K, T], later: _Parts[K, T]) -> None:
    for span, by_cluster in later.items():
        mine.setdefault(span, {}).update(by_cluster)


class Changes(Generic[C]):
    """What has changed in a state since somebody last took its changes."""

    def __init__(self) -> None:
        self.contacts: dict[str, C] = {}
        """The contacts that records came for."""
        self.periods: dict[tuple[str, int], set[str]] = {}
        """The clusters of everything that was counted or taken back, by month and day."""
        self.slots: dict[int, set[str]] = {}
        """The same by slot of the rolling windows."""
        self.forgotten: list[str] = []
        """Open contacts that were forgotten."""

    def add(self, later: "Changes[C]") -> None:
        """Take in what has changed since, and take over what it holds."""
        if self.contacts:
            self.contacts.update(later.contacts)
        else:
            self.contacts = later.contacts
        _add_clusters(self.periods, later.periods)
        _add_clusters(self.slots, later.slots)
        self.forgotten += later.forgotten

    @property
    def months(self) -> set[tuple[str, str]]:
        """Month and cluster of the month totals that may differ."""
        return {(month, cluster) for (month, _), clusters in self.periods.items() for cluster in clusters}


def _add_clusters(mine: dict[K, set[str]], later: dict[K, set[str]]) -> None:
    for span, clusters in later.items():
        mine.setdefault(span, set()).update(clusters)


class _Near(dict[str, list[T]]):
    """The tallies of each cluster in some spans of time: found once, and noted as changed, while they are counted in.

    What is counted next is mostly counted in the same ones.
    """

    def __init__(self, spans: Sequence[dict[str, T]], noted: set[str], tally_type: type[T]) -> None:
        """`noted` takes the clusters that are counted in."""
        super().__init__()
        self._spans = spans
        self._noted = noted
        self._tally_type = tally_type

    def __missing__(self, cluster: str) -> list[T]:
        tallies = []
        for by_cluster in self._spans:
            tally = by_cluster.get(cluster)
            if tally is None:
                tally = by_cluster[cluster] = self._tally_type()
            tallies.append(tally)
        self._noted.add(cluster)
        self[cluster] = tallies
        return tallies


class _Canonical(dict[str, str]):
    """Every cluster's name as one object: contacts share it instead of each keeping the copy that it arrived in."""

    def __missing__(self, name: str) -> str:
        self[name] = name
        return name


_WaitsOf = defaultdict[str, list[int]]
"""Waits in ms by cluster."""


class _Waits:
    """Waits of one quarter of an hour and slot, each with its cluster: two lists, so that new ones lie together."""

    __slots__ = ("clusters", "waits_ms")

    def __init__(self) -> None:
        self.clusters: list[str] = []
        self.waits_ms: list[int] = []

    def by_cluster(self) -> _WaitsOf:
        """The waits of each cluster."""
        waits_of: _WaitsOf = defaultdict(list)
        for cluster, wait_ms in zip(self.clusters, self.waits_ms, strict=True):
            waits_of[cluster].append(wait_ms)
        return waits_of


_Noted = defaultdict[tuple[int, int], _Waits]
"""Waits by the quarter of an hour and the slot that they are to be counted in."""

_Count = Callable[[Mapping[str, Sequence[PhoneTally]], _WaitsOf, int, Places], None]


class State(ABC, Generic[C, T, E]):
    """What `CallState` and `TicketState` share. Public attributes are for reading."""

    channel: ClassVar[Channel]
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
        self._months: Spans[str, T] = {}
        self._days: Spans[int, T] = {}
        self._slots: Spans[int, T] = {}
        self._blocks: dict[tuple[int, int], dict[str, T]] = {}
        """Sums of slots by first slot and length, worked out when a reader asks, dropped when one of them changes."""
        self.rejected: dict[str, int] = {}
        """Records that were no valid event, by reason."""
        self._changes: Changes[C] = Changes()
        self._fresh: Changes[C] = Changes()
        """The newest changes, of which the waiting room does not know yet."""
        self._near_periods: dict[int, _Near[T]] = {}
        self._near_slots: dict[int, _Near[T]] = {}
        """Month and day by quarter of an hour, and slots, as long as the newest changes are the same."""
        self._clusters = _Canonical()
        self._judge_by(rules)

    def _judge_by(self, rules: Rules) -> None:
        self.rules = rules
        self.calendar = Calendar(rules)
        norms_ms = {name: cluster.norm_ms for name, cluster in rules.channel_clusters(self.channel).items()}
        self._places = Places(rules, norms_ms)
        self._room = WaitingRoom(self, self.expiry_ms)
        self._find_horizons()

    # What differs between calls and visits.

    @abstractmethod
    def _fold(self, events: Sequence[E], instants_ms: Sequence[int], record_times_ms: Sequence[int]) -> None:
        """Fold facts one after the other, moving the log's time on and noting every contact that one came for."""

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
        self.fold((event,), (instant_ms(event.at),), (record_ms,))

    def fold(self, events: Sequence[E], instants_ms: Sequence[int], record_times_ms: Sequence[int]) -> None:
        """Fold facts in their order: when each happened, and the time of the record that it was read from (ms)."""
        if not events:
            return
        self.applied += len(events)
        latest_ms = max(instants_ms)
        if self.last_event_ms is None or latest_ms > self.last_event_ms:
            self.last_event_ms = latest_ms
        self._fold(events, instants_ms, record_times_ms)

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

    @property
    def open(self) -> dict[str, C]:
        """The contacts without an outcome yet, by id: looked for among all there are."""
        return {contact_id: contact for contact_id, contact in self.contacts.items() if contact.is_open}

    @property
    def months(self) -> Spans[str, T]:
        """Tallies by month and cluster."""
        self._count_waits()
        return self._months

    @property
    def days(self) -> Spans[int, T]:
        """The same by local day."""
        self._count_waits()
        return self._days

    @property
    def slots(self) -> Spans[int, T]:
        """The same by slot of the rolling windows."""
        self._count_waits()
        return self._slots

    def _count_waits(self) -> None:
        """Put what is only noted so far into its tallies; a channel may count everything at once instead."""

    def _recount(self, before: Measurement | None, after: Measurement | None) -> None:
        if before is not None:
            if before == after:
                return
            self._count(before, -1)
        if after is not None:
            self._count(after, 1)

    def _count(self, measured: Measurement, sign: int) -> None:
        """Add or take back a measurement wherever its moments fall."""
        if sign < 0:
            self._count_waits()  # it may be one of them
        of_period = self._near_period(measured.period_ms // QUARTER_MS)[measured.cluster]
        of_slot = self._near_slot(measured.known_ms // self._slot_ms)[measured.cluster]
        self._tally_type.count_in(of_period + of_slot, measured, sign, self._places)
        if sign < 0:
            self._drop_empty_at(measured)

    def _near_period(self, quarter: int) -> _Near[T]:
        """The month and then the day that a quarter of an hour is in.

        Days beyond the horizon stay dropped, as slots do: it only moves on, so what cannot be taken back there is
        not there any more either.
        """
        near = self._near_periods.get(quarter)
        if near is None:
            month, day = self.calendar.month_and_day(quarter * QUARTER_MS)
            spans = [self._months.setdefault(month, {})]
            if day >= self._first_day:
                spans.append(self._days.setdefault(day, {}))
            noted = self._fresh.periods.setdefault((month, day), set())
            near = self._near_periods[quarter] = _Near(spans, noted, self._tally_type)
        return near

    def _near_slot(self, slot: int) -> _Near[T]:
        """The slot, or nothing beyond the horizon."""
        near = self._near_slots.get(slot)
        if near is None:
            spans = [self._slots.setdefault(slot, {})] if slot >= self._first_slot else []
            noted = self._fresh.slots.setdefault(slot, set())
            near = self._near_slots[slot] = _Near(spans, noted, self._tally_type)
        return near

    def _forget_near(self) -> None:
        self._near_periods.clear()
        self._near_slots.clear()

    def _drop_empty_at(self, measured: Measurement) -> None:
        month, day = self.calendar.month_and_day(measured.period_ms)
        dropped = (
            _drop_if_empty(self._months, month, measured.cluster),
            _drop_if_empty(self._days, day, measured.cluster),
            _drop_if_empty(self._slots, measured.known_ms // self._slot_ms, measured.cluster),
        )
        if any(dropped):
            self._forget_near()

    # Reading.

    def waiting_at(self, now_ms: int) -> WaitingRoom[C]:
        """Who waits at a moment; not to be changed, and to be read before folding on."""
        self._note_fresh()
        self._room.look(now_ms)
        return self._room

    def _note_fresh(self) -> None:
        """Tell waiting room and blocks of the fresh changes, and put them with those that nobody has taken."""
        self._count_waits()
        fresh, self._fresh = self._fresh, Changes()
        self._forget_near()
        self._room.update(fresh.contacts, fresh.forgotten)
        for slot in fresh.slots:
            for length in _BLOCK_SLOTS:
                self._blocks.pop((slot - slot % length, length), None)
        self._changes.add(fresh)

    def expired(self, contact: C) -> tuple[str, int, Excluded]:
        """Month, day and what is counted for an open contact once it has expired."""
        excluded = self.expire(contact)
        month, day = self.calendar.month_and_day(excluded.period_ms)
        return month, day, excluded

    @abstractmethod
    def place(self, contact: C) -> Place:
        """An open contact as somebody who may wait."""

    def slot_sums(self, first: int, end: int) -> Iterator[dict[str, T]]:
        """Tallies by cluster that add up to the slots from `first` up to, not including, `end`; not to be changed."""
        self._note_fresh()
        slot = first
        while slot < end:
            length = next((n for n in _BLOCK_SLOTS if slot % n == 0 and slot + n <= end), 1)
            yield self._slots_from(slot, length)
            slot += length

    def _slots_from(self, first: int, length: int) -> dict[str, T]:
        if length == 1:
            return self._slots.get(first, {})
        sums = self._blocks.get((first, length))
        if sums is None:
            sums = self._blocks[first, length] = {}
            part = next((n for n in _BLOCK_SLOTS if n < length), 1)
            for start in range(first, first + length, part):
                for cluster, tally in self._slots_from(start, part).items():
                    if cluster not in sums:
                        sums[cluster] = self._tally_type()
                    sums[cluster].add_without_sketch(tally)
        return sums

    # Forgetting.

    def _find_horizons(self) -> None:
        self._forget_near()
        rules = self.rules
        self._slot_ms = rules.slot_ms
        longest_ms = max(rules.windows_minutes, default=0) * MINUTE_MS + _SLOTS_SPARE_MS
        hour_start_ms = self.log_ms // HOUR_MS * HOUR_MS
        self._first_slot = (hour_start_ms - longest_ms) // rules.slot_ms
        self._first_day = self.calendar.day(hour_start_ms) - _DAYS_KEPT
        self._forgotten_before_ms = hour_start_ms - rules.memory_ms

    def _forget(self) -> None:
        self._drop_old_spans()
        for contact_id in self._too_old():
            contact = self.contacts.pop(contact_id)
            if contact.is_open:
                contact.is_open = False
                self._fresh.forgotten.append(contact_id)
                self._count(self.expire(contact), 1)

    def _drop_old_spans(self) -> None:
        for slot in [slot for slot in self._slots if slot < self._first_slot]:
            del self._slots[slot]
        for block in [block for block in self._blocks if block[0] < self._first_slot]:
            del self._blocks[block]
        for day in [day for day in self._days if day < self._first_day]:
            del self._days[day]

    def _too_old(self) -> list[str]:
        before_ms, due_ms = self._forgotten_before_ms, self.due_ms
        return [
            contact_id
            for contact_id, contact in self.contacts.items()
            if contact.touched < before_ms and due_ms(contact) < before_ms
        ]

    # Restarts and changed rules.

    def snapshot(self, contacts: dict[str, C] | None = None) -> Snapshot[C, T]:
        """The state as plain data that shares its parts: encode it before folding on.

        With `contacts`, those instead of all.
        """
        spans: Any = (self.months, self.days, self.slots)
        return self._snapshot(self.contacts if contacts is None else contacts, *spans)

    def _snapshot(
        self, contacts: dict[str, C], months: _Parts[str, T], days: _Parts[int, T], slots: _Parts[int, T]
    ) -> Snapshot[C, T]:
        log = (self.log_ms, self.applied, self.last_event_ms)
        return Snapshot(SNAPSHOT_VERSION, self.rules, *log, contacts, months, days, slots, self.rejected)

    def snapshot_of_contacts(self, contacts: dict[str, C]) -> Snapshot[C, T]:
        """A part of the state that holds nothing but these contacts."""
        return self._snapshot(contacts, {}, {}, {})

    def take_changes(self) -> Changes[C]:
        """What has changed since this was last called; the note begins anew."""
        self._note_fresh()
        changes, self._changes = self._changes, Changes()
        return changes

    def snapshot_of(self, changes: Changes[C]) -> Snapshot[C, T]:
        """The changed parts as they are now, sharing them with the state: encode them before folding on."""
        self._count_waits()
        months: _Parts[str, T] = {}
        days: _Parts[int, T] = {}
        slots: _Parts[int, T] = {}
        for (month, day), clusters in changes.periods.items():
            months.setdefault(month, {}).update(_parts(self._months, month, clusters))
            days.setdefault(day, {}).update(_parts(self._days, day, clusters))
        for slot, clusters in changes.slots.items():
            slots[slot] = _parts(self._slots, slot, clusters)
        return self._snapshot(changes.contacts, months, days, slots)

    def contact_slices(self, length: int) -> Iterator[dict[str, C]]:
        """All contacts there are now, `length` at a time and each as it is when its slice is asked for.

        Folding may go on between slices: contacts that come or change meanwhile are in the changes.
        """
        ids = iter(list(self.contacts))
        while part := list(islice(ids, length)):
            yield {contact_id: self.contacts[contact_id] for contact_id in part if contact_id in self.contacts}

    @classmethod
    def restore(cls, snapshot: Snapshot[C, T], rules: Rules) -> Self:
        """The state that a snapshot, with the changes since taken in, holds, under today's rules.

        Where the rules have changed since, every contact that is still remembered is taken back by the old rules
        and counted by the new; what was forgotten stays as it was judged then.
        """
        state = cls(snapshot.rules)
        state.log_ms, state.applied = snapshot.log_ms, snapshot.applied
        state.last_event_ms, state.rejected = snapshot.last_event_ms, snapshot.rejected
        state.contacts = snapshot.contacts
        state._months, state._days = _without_gaps(snapshot.months), _without_gaps(snapshot.days)
        state._slots = _without_gaps(snapshot.slots)
        state._find_horizons()
        state._drop_old_spans()  # an old part of a checkpoint holds what was forgotten since, and counted then
        for contact_id in state._too_old():
            del state.contacts[contact_id]
        if snapshot.rules != rules:
            state._judge_anew(rules)
        for contact in state.contacts.values():
            contact.cluster = state._clusters[contact.cluster]
            contact.is_open = not _has_outcome(state._measure(contact))
        state._forget()  # what today's rules forget sooner must be counted now: the next restart drops it in silence
        return state

    def _judge_anew(self, rules: Rules) -> None:
        before = self.rules
        for contact in self.contacts.values():
            for measured in self._measure(contact):
                self._count(measured, -1)
        self._judge_by(rules)
        if rules.slot_ms != before.slot_ms:
            self._slots.clear()
            self._blocks.clear()
        if rules.zone != before.zone:
            self._days.clear()
        for contact in self.contacts.values():
            for measured in self._measure(contact):
                self._count(measured, 1)


class CallState(State[Call, PhoneTally, AnyCallEvent]):
    """Calls of one partition of the topic `calls`."""

    channel = Channel.PHONE
    snapshot_type = Snapshot[Call, PhoneTally]
    _tally_type = PhoneTally

    def __init__(self, rules: Rules) -> None:
        """An empty state under the given rules."""
        super().__init__(rules)
        self._answered: _Noted = defaultdict(_Waits)
        self._missed: _Noted = defaultdict(_Waits)
        """Calls that are in no tally yet. Counted when somebody looks, all of a place at once: one by one they took a
        third of the fold."""
        self._uncounted_facts = 0
        """Facts since waits were counted."""
        self._is_counting = False

    def _fold(
        self, events: Sequence[AnyCallEvent], instants_ms: Sequence[int], record_times_ms: Sequence[int]
    ) -> None:
        contacts, touched, clusters = self.contacts, self._fresh.contacts, self._clusters
        opening, is_open = self.calendar.opening, Opening.OPEN
        answered = self._answered
        log_ms, slot_ms, longest_ms = self.log_ms, self._slot_ms, self.rules.longest_wait_ms
        for event, at, record_ms in zip(events, instants_ms, record_times_ms, strict=True):
            if record_ms > log_ms:
                self.advance(record_ms)
                log_ms = record_ms
            call_id = event.call_id
            is_answer = type(event) is Answered
            call = touched.get(call_id) if is_answer else None  # here first: it is in the processor's caches
            if call is None or not call.is_open:  # unless it is there although it was forgotten
                call = contacts.get(call_id)
            if call is not None:
                call.touched, touched[call_id] = log_ms, call
                if (
                    is_answer
                    and call.is_open  # so it was offered in opening hours, if at all
                    and (offered := call.offered) is not None  # so the cluster is the one dialled, and stays
                    and 0 <= at - offered <= longest_ms
                ):
                    call.answered, call.is_open = at, False
                    noted = answered[offered // QUARTER_MS, at // slot_ms]
                    noted.clusters.append(call.cluster)
                    noted.waits_ms.append(at - offered)
                else:
                    self._merge(call, event, at)
                continue
            fact, rank = CALL_FACTS[type(event)]
            call = Call(clusters[event.cluster], rank, at, log_ms, at)
            contacts[call_id] = touched[call_id] = call
            if rank != OFFERED_RANK:
                call.offered = None
                setattr(call, fact, at)
            elif opening(at) is not is_open:
                self._settle(call)
        self._uncounted_facts += len(events)
        if self._uncounted_facts > _UNCOUNTED_FACTS_MAX:
            self._count_waits()

    def _count_waits(self) -> None:
        if self._is_counting:
            raise RuntimeError("counting was broken off by an error: what is counted may be wrong, start again")
        if not (self._answered or self._missed):
            return
        self._is_counting = True
        for quarter, waits_of in self._count_in_slots(self._answered, count_answered):
            tallies_of = self._near_period(quarter)
            count_answered(tallies_of, waits_of, 1, self._places)
            for cluster, waits_ms in waits_of.items():
                add_to_sketch(tallies_of[cluster][0], waits_ms, 1)
        for quarter, waits_of in self._count_in_slots(self._missed, count_missed):
            count_missed(self._near_period(quarter), waits_of, 1, self._places)
        self._answered.clear()
        self._missed.clear()
        self._uncounted_facts = 0
        self._is_counting = False

    def _count_in_slots(self, noted: _Noted, count: _Count) -> Iterable[tuple[int, _WaitsOf]]:
        """Count noted waits in their slots; the same waits by quarter of an hour, to be counted there."""
        quarters: defaultdict[int, _WaitsOf] = defaultdict(lambda: defaultdict(list))
        for (quarter, slot), waits in noted.items():
            waits_of = waits.by_cluster()
            count(self._near_slot(slot), waits_of, 1, self._places)
            of_quarter = quarters[quarter]
            for cluster, waits_ms in waits_of.items():
                of_quarter[cluster] += waits_ms
        return quarters.items()

    def _merge(self, call: Call, event: AnyCallEvent, at: int) -> None:
        """Take in any fact about a known call, and count anew what it may change."""
        fact, rank = CALL_FACTS[type(event)]
        known: int | None = getattr(call, fact)
        is_news = known is None or at < known
        moves = rank <= call.cluster_rank and call.is_stated_better(rank, at, event.cluster)
        if not (is_news or moves):
            return
        if rank > ANSWERED_RANK and call.answered is not None:
            setattr(call, fact, at)  # an answer outweighs how the call ended, and has said the cluster
            return
        if not call.is_open:
            self._reopen(call)
        if is_news:
            setattr(call, fact, at)
        if moves:
            call.state_cluster(rank, at, self._clusters[event.cluster])
        self._settle(call)

    def _settle(self, call: Call) -> None:
        """Count an open call if its facts say how."""
        measured = measure_call(call, self.rules, self.calendar)
        if measured is None:
            return
        call.is_open = False
        if type(measured) is MissedCall:
            place = measured.period_ms // QUARTER_MS, measured.known_ms // self._slot_ms
            self._missed[place].clusters.append(measured.cluster)
            self._missed[place].waits_ms.append(measured.wait_ms)
        else:
            self._count(measured, 1)

    def _reopen(self, call: Call) -> None:
        """Take back what was counted for a call: a fact that matters has come for it."""
        for measured in self._measure(call):
            self._count(measured, -1)
        call.is_open = True

    def _measure(self, contact: Call) -> tuple[Measurement, ...]:
        measured = measure_call(contact, self.rules, self.calendar)
        return () if measured is None else (measured,)

    def place(self, contact: Call) -> Place:
        """Callers wait from the moment they were offered."""
        return Place(contact.cluster, self.due_ms(contact), contact.offered, walk_in=False)

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
    _tally_type = DeskTally

    def _fold(
        self, events: Sequence[AnyTicketEvent], instants_ms: Sequence[int], record_times_ms: Sequence[int]
    ) -> None:
        contacts, touched = self.contacts, self._fresh.contacts
        log_ms = self.log_ms
        for event, at, record_ms in zip(events, instants_ms, record_times_ms, strict=True):
            if record_ms > log_ms:
                self.advance(record_ms)
                log_ms = record_ms
            ticket_id = event.ticket_id
            ticket = contacts.get(ticket_id)
            is_known = ticket is not None
            if ticket is None:
                ticket = contacts[ticket_id] = Ticket()
            ticket.touched = log_ms
            touched[ticket_id] = ticket
            planned = None if event.planned_at is None else instant_ms(event.planned_at)
            if (
                type(event) is Finished
                and ticket.started is not None  # which has said the cluster
                and (planned is None or planned == ticket.planned)
            ):
                ticket.merge(event, at, planned)  # how long a visit took changes nothing that is counted
            else:
                self._merge(ticket, event, at, planned, is_known=is_known)

    def _merge(self, ticket: Ticket, event: AnyTicketEvent, at: int, planned: int | None, *, is_known: bool) -> None:
        """Take in a fact, and count anew what it may change."""
        _, rank = TICKET_FACTS[type(event)]
        outcome_before = lead_before = None
        asks = rank <= ticket.cluster_rank  # only then may cluster or request change: a request has the lowest rank
        if is_known:
            if asks:
                lead_before = measure_lead(ticket, self.calendar)
            if not ticket.is_open:
                outcome_before = measure_visit(ticket, self.rules)
        if not ticket.merge(event, at, planned):
            return
        if asks:
            ticket.cluster = self._clusters[ticket.cluster]
            self._recount(lead_before, measure_lead(ticket, self.calendar))
        outcome = measure_visit(ticket, self.rules)
        self._recount(outcome_before, outcome)
        ticket.is_open = outcome is None

    def _measure(self, contact: Ticket) -> tuple[Measurement, ...]:
        lead = measure_lead(contact, self.calendar)
        visit = measure_visit(contact, self.rules)
        return tuple(measured for measured in (lead, visit) if measured is not None)

    def place(self, contact: Ticket) -> Place:
        """Visitors wait once they have arrived, from the planned start on: who comes early has not waited by that."""
        return Place(contact.cluster, contact.due, contact.waits_since, contact.planned is None)

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


def _drop_if_empty(spans: Spans[K, T], span: K, cluster: str) -> bool:
    """Whether there was a tally in which nothing is left: it is gone now."""
    tally = spans.get(span, {}).get(cluster)
    if tally is None or not tally.is_empty():
        return False
    del spans[span][cluster]
    if not spans[span]:
        del spans[span]
    return True


def _parts(spans: Spans[K, T], span: K, clusters: Iterable[str]) -> dict[str, T | None]:
    by_cluster = spans.get(span, {})
    return {cluster: by_cluster.get(cluster) for cluster in clusters}


def _without_gaps(spans: _Parts[K, T]) -> Spans[K, T]:
    kept = {
        span: {cluster: tally for cluster, tally in by_cluster.items() if tally is not None}
        for span, by_cluster in spans.items()
    }
    return {span: by_cluster for span, by_cluster in kept.items() if by_cluster}


def _has_outcome(measured: tuple[Measurement, ...]) -> bool:
    return bool(measured) and type(measured[-1]) is not LeadTime  # the visit's outcome comes behind its lead time
