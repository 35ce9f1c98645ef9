"""The state of one partition of the topic of calls.

Where the time of a call's facts goes, roughly: finding, making and changing the contact 3/4, asking for the opening
hours 1/8, counting 1/8. So what ends the wait of an open call, as nearly every other fact does, takes the shortest
way: the wait is noted, and counted with others of its place once the state is settled. Whatever else is counted finds
its tallies among those of nearby moments.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from sys import intern
from typing import Any, Final

from streams.channels.calls.contact import (
    ANSWERED_RANK,
    CALL_FACTS,
    LEAVING,
    OFFERED_RANK,
    PLAIN_FIELDS,
    Call,
    begin_otherwise,
    facts_of,
    fits,
    is_plain,
)
from streams.channels.calls.counts import PhoneTally, count_answered, count_missed
from streams.channels.calls.events import Answered, AnyCallEvent, Offered
from streams.channels.calls.measure import (
    AnsweredCall,
    MissedCall,
    begun,
    calls_of,
    expire_call,
    measure_by_earliest_facts,
    measure_call,
)
from streams.channels.calls.timeline import told
from streams.contracts.batch import Batch
from streams.core.calendar import Calendar, Opening
from streams.core.counts import add_to_sketch
from streams.core.former import Former
from streams.core.judging import has_outcome
from streams.core.ledger import SpansOf
from streams.core.measure import Excluded, Measurement
from streams.core.places import Places
from streams.core.pool import APART_MS, Fact, Facts, pooled, said_best
from streams.core.rules import QUARTER_MS, Channel, Rules
from streams.core.snapshot import EARLIEST_FACTS_VERSION, Snapshot
from streams.core.state import State
from streams.core.waiting import Place

_UNCOUNTED_FACTS_MAX: Final = 60_000
"""Facts after which waits are counted although nobody looks: 10 ms in which nothing else runs, 50 with a thousand
clusters. Fewer at once would be more work: with many clusters it is done for a handful of calls at a time."""

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


class CallState(State[Call, PhoneTally, AnyCallEvent]):
    """Calls of one partition of their topic."""

    channel = Channel.PHONE
    snapshot_type = Snapshot[Call, PhoneTally]
    _tally_type = PhoneTally

    def __init__(self, rules: Rules) -> None:
        """An empty state under the given rules."""
        super().__init__(rules)
        self._answered: _Noted = defaultdict(_Waits)
        self._missed: _Noted = defaultdict(_Waits)
        """Calls that are in no tally yet. Counted by `settle`, all of a place at once: one by one they took a third
        of the fold."""
        self._uncounted_facts = 0
        """Facts since waits were counted."""
        self._is_counting = False

    # The fold.

    def _fold(self, batch: Batch[AnyCallEvent]) -> None:
        contacts, touched = self.contacts, self._touched
        opening, is_open, own_hours = self.calendar.opening, Opening.OPEN, self.calendar.of_lines
        answered, missed = self._answered, self._missed
        log_ms, slot_ms = self.log_ms, self._slot_ms
        longest_ms = min(self.rules.longest_wait_ms, APART_MS)
        for event, at, record_ms in zip(batch.events, batch.instants_ms, batch.record_times_ms, strict=True):
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
                    call.is_open  # so it was offered in opening hours, if at all; if it was, nothing else is known
                    and call.more is None
                    and (offered := call.offered) is not None  # so the cluster is the one dialled, and stays
                    and 0 <= at - offered <= longest_ms
                    and (is_answer or type(event) in LEAVING)
                ):
                    if is_answer:
                        call.answered, call.is_open = at, False
                        noted = answered[offered // QUARTER_MS, at // slot_ms]
                    else:
                        setattr(call, CALL_FACTS[type(event)][0], at)
                        call.is_open = False
                        noted = missed[offered // QUARTER_MS, at // slot_ms]
                    noted.clusters.append(call.cluster)
                    noted.waits_ms.append(at - offered)
                else:
                    self._merge(call, event, at)
                continue
            call = contacts[call_id] = touched[call_id] = Call(intern(event.cluster), OFFERED_RANK, at, log_ms, at)
            if type(event) is not Offered:
                begin_otherwise(call, event, at)
            elif (self.calendar.of(call.cluster).opening if own_hours else opening)(at) is not is_open:
                self._close(call)
        self._uncounted_facts += len(batch.events)
        if self._uncounted_facts > _UNCOUNTED_FACTS_MAX:
            self._count_pending()

    def _merge(self, call: Call, event: AnyCallEvent, at: int) -> None:
        """Take in any fact about a known call, and count anew what it may change."""
        fact, rank = CALL_FACTS[type(event)]
        if call.more is not None or not fits(call, rank, at):
            self._pool(call, (at, rank, event.cluster))
            return
        is_news = getattr(call, fact) is None
        moves = rank <= call.cluster_rank and call.is_stated_better(rank, at, event.cluster)
        if not (is_news or moves):
            return
        if rank > ANSWERED_RANK and call.answered is not None and at >= call.answered:
            setattr(call, fact, at)  # how it ended changes nothing once it is answered, which has said the cluster
            return
        if not call.is_open:
            self._reopen(call)
        if is_news:
            setattr(call, fact, at)
        if moves:
            call.state_cluster(rank, at, intern(event.cluster))
        self._close(call)

    def _pool(self, call: Call, fact: Fact) -> None:
        """Take in a fact that a call's fields have no room for, or one of a call with such facts."""
        at, rank, cluster = fact
        known = facts_of(call)
        facts = pooled([*known, (at, rank, intern(cluster))])
        if facts == known:
            return
        if call.is_open is None:
            self._judge_now(call)
        before = self.measure(call)
        self._store(call, facts)
        after = self.measure(call)
        call.is_open = not has_outcome(after)
        self._recount_all(before, after)

    def _store(self, call: Call, facts: Facts) -> None:
        """Put all facts of an id into its contact."""
        call.offered = call.answered = call.abandoned = call.ended = None
        life = calls_of(facts, self.rules)[-1]
        call.cluster_at, call.cluster_rank, call.cluster = said_best(fact for stretch in life for fact in stretch)
        if is_plain(facts):
            call.more = None
            for at, rank, _ in facts:
                setattr(call, PLAIN_FIELDS[rank], at)
            return
        call.more = facts
        waits = told(life, self.rules.clock_skew_ms).waits
        call.offered = waits[-1].start if waits else None

    def _close(self, call: Call) -> None:
        """Count an open call if its facts say how."""
        for measured in self.measure(call):
            call.is_open = False  # of a call that its fields have room for, nothing is counted while it is open
            self._note(measured)

    def _reopen(self, call: Call) -> None:
        """Take back what was counted for a call: a fact that matters has come for it."""
        if call.is_open is None:
            self._judge_now(call)
        for measured in self.measure(call):
            self._take_back(measured)
        call.is_open = True

    # Counting.

    def _note(self, measured: Measurement) -> None:
        """Count a call with others of its place later; what few calls have is counted at once."""
        if type(measured) is AnsweredCall:
            noted = self._answered
        elif type(measured) is MissedCall:
            noted = self._missed
        else:
            self._ledger.count(measured)
            return
        waits = noted[measured.period_ms // QUARTER_MS, self._ledger.slot_at(measured.known_ms)]
        waits.clusters.append(measured.cluster)
        waits.waits_ms.append(measured.wait_ms)

    def _count_pending(self) -> None:
        if self._is_counting:
            raise RuntimeError(
                "Counting was broken off by an error before, so the tallies may hold half of it: nothing of them may "
                "be shown or written. Let the worker start again: it goes on from its last checkpoint."
            )
        if not (self._answered or self._missed):
            return
        self._is_counting = True
        for quarter, waits_of in self._count_in_slots(self._answered, count_answered):
            tallies_of = self._ledger.near_period(quarter).open(waits_of)
            count_answered(tallies_of, waits_of, 1, self._places)
            for cluster, waits_ms in waits_of.items():
                add_to_sketch(tallies_of[cluster][0], waits_ms, 1)
        for quarter, waits_of in self._count_in_slots(self._missed, count_missed):
            count_missed(self._ledger.near_period(quarter).open(waits_of), waits_of, 1, self._places)
        self._answered.clear()
        self._missed.clear()
        self._uncounted_facts = 0
        self._is_counting = False

    def _count_in_slots(self, noted: _Noted, count: _Count) -> Iterable[tuple[int, _WaitsOf]]:
        """Count noted waits in their slots; the same waits by quarter of an hour, to be counted there."""
        quarters: defaultdict[int, _WaitsOf] = defaultdict(lambda: defaultdict(list))
        for (quarter, slot), waits in noted.items():
            waits_of = waits.by_cluster()
            count(self._ledger.near_slot(slot).open(waits_of), waits_of, 1, self._places)
            of_quarter = quarters[quarter]
            for cluster, waits_ms in waits_of.items():
                of_quarter[cluster] += waits_ms
        return quarters.items()

    def count_all(self, measured: Iterable[Measurement]) -> None:
        """All calls of a place at once."""
        for each in measured:
            self._note(each)
        self._count_pending()

    def take_back_all(self, former: Former, measured: Iterable[Measurement]) -> None:
        """The same calls of a place at once: one by one takes some times as long."""
        waits_of: defaultdict[tuple[Any, SpansOf, str], list[int]] = defaultdict(list)
        others = []
        for each in measured:
            if isinstance(each, AnsweredCall | MissedCall):
                waits_of[type(each), self._ledger.spans_by(former, each), each.cluster].append(each.wait_ms)
            else:
                others.append(each)
        for (kind, spans, cluster), waits_ms in waits_of.items():
            tallies = self._ledger.tallies_in(spans, cluster)
            if kind is AnsweredCall:
                count_answered({cluster: tallies}, {cluster: waits_ms}, -1, former.places)
                add_to_sketch(tallies[0], waits_ms, -1)
            else:
                count_missed({cluster: tallies}, {cluster: waits_ms}, -1, former.places)
            self._ledger.drop_if_empty(spans, cluster)
        super().take_back_all(former, others)

    # What a call is to its state.

    def measure_by(self, contact: Call, rules: Rules, calendar: Calendar) -> tuple[Measurement, ...]:
        """Nothing while it is open, but for other calls that had its id."""
        return measure_call(contact, rules, calendar)

    def _settle_in(self, contact: Call) -> None:
        if contact.more is not None:
            self._store(contact, contact.more)

    def measure_formerly(self, contact: Call, former: Former) -> tuple[Measurement, ...]:
        """By the earliest of each fact, where nothing else was known."""
        if former.version == EARLIEST_FACTS_VERSION:
            return measure_by_earliest_facts(contact, former.rules, former.calendar)
        return super().measure_formerly(contact, former)

    def place(self, contact: Call) -> Place:
        """Callers wait from the moment they were offered."""
        return Place(contact.cluster, self.due_ms(contact), contact.offered, walk_in=False)

    def expire(self, contact: Call) -> Excluded:
        """The call as `unresolved`, or left out for when it was offered."""
        return expire_call(contact, self.calendar)

    def due_ms(self, contact: Call) -> int:
        """When the call was offered, or the earliest fact known."""
        return begun(contact)

    @property
    def expiry_ms(self) -> int:
        """From the rules."""
        return self.rules.call_expiry_ms
