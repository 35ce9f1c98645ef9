"""The state of one partition of the topic of tickets: the visits that they are for."""

from sys import intern

from streams.channels.visits.contact import TICKET_FACTS, Ticket
from streams.channels.visits.counts import DeskTally
from streams.channels.visits.events import AnyTicketEvent, Finished, Left
from streams.channels.visits.former import (
    hold_as_today,
    is_held_otherwise,
    measure_by_one_draw,
    measure_by_one_time_of_each,
)
from streams.channels.visits.lives import forget, lives
from streams.channels.visits.measure import (
    expire_visit,
    measure_lead,
    measure_ticket,
    measure_visit,
    waits_onward,
)
from streams.contracts.batch import Batch
from streams.contracts.events import instant_ms
from streams.core.calendar import Calendar
from streams.core.former import Former
from streams.core.judging import has_outcome
from streams.core.measure import Excluded, Measurement
from streams.core.pool import APART_MS
from streams.core.rules import Channel, Rules
from streams.core.snapshot import EARLIEST_FACTS_VERSION, ONE_DRAW_VERSION, Snapshot
from streams.core.state import State
from streams.core.waiting import Place


class TicketState(State[Ticket, DeskTally, AnyTicketEvent]):
    """Visits of one partition of the topic of tickets."""

    channel = Channel.DESK
    snapshot_type = Snapshot[Ticket, DeskTally]
    _tally_type = DeskTally

    def _fold(self, batch: Batch[AnyTicketEvent]) -> None:
        contacts, touched = self.contacts, self._touched
        log_ms = self.log_ms
        for event, at, record_ms in zip(batch.events, batch.instants_ms, batch.record_times_ms, strict=True):
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
                and ticket.started is not None
                and ticket.finished in {None, at}
                and not ticket.facts
                and event.cluster == ticket.cluster  # so all of it is at one desk
                and ticket.started <= at <= ticket.started + APART_MS
                and (planned is None or planned == ticket.planned)
            ):
                ticket.merge(event, at, planned)  # how long a visit took changes nothing that is counted
            else:
                self._merge(ticket, event, at, planned, is_known=is_known)

    def _merge(self, ticket: Ticket, event: AnyTicketEvent, at: int, planned: int | None, *, is_known: bool) -> None:
        """Take in a fact, and count anew what it may change."""
        if ticket.is_open is None:
            self._judge_now(ticket)
        if (is_known or type(event) is Left) and not ticket.fits(event, at):
            self._merge_beside(ticket, event, at, planned, is_known=is_known)
            return
        name, rank = TICKET_FACTS[type(event)]
        if rank and getattr(ticket, name) == at and (planned is None or ticket.requested is not None):
            return  # it is said again, with no plan that counts
        outcome_before = lead_before = None
        asks = rank <= ticket.cluster_rank  # only then may cluster or request change: a request has the lowest rank
        if is_known:
            if asks:
                lead_before = measure_lead(ticket, self.calendar)
            if not ticket.is_open:
                outcome_before = measure_visit(ticket, self.rules, self.calendar)
        if not ticket.merge_plain(event, at, planned):
            return
        if asks:
            ticket.cluster = intern(ticket.cluster)
            self._recount(lead_before, measure_lead(ticket, self.calendar))
        outcome = measure_visit(ticket, self.rules, self.calendar)
        if outcome_before is not outcome:  # most facts bring none
            self._recount(outcome_before, outcome)
        ticket.is_open = outcome is None

    def _merge_beside(
        self, ticket: Ticket, event: AnyTicketEvent, at: int, planned: int | None, *, is_known: bool
    ) -> None:
        """Take in a fact of a visitor who comes back, is sent on, or has a number that another one had."""
        forget(ticket, self.calendar)
        before = self.measure(ticket) if is_known else ()
        if ticket.merge_beside(event, at, planned):
            ticket.cluster = intern(ticket.cluster)
            after = self.measure(ticket)
            self._recount_all(before, after)
            ticket.is_open = not self.is_over(ticket, after)

    def measure_by(self, contact: Ticket, rules: Rules, calendar: Calendar) -> tuple[Measurement, ...]:
        """The lead time of its request, if it had one, then its outcome, and those of further desks and visits."""
        if contact.facts:
            return measure_ticket(contact, rules, calendar)
        lead = measure_lead(contact, calendar)
        visit = measure_visit(contact, rules, calendar)
        return tuple(measured for measured in (lead, visit) if measured is not None)

    def measure_formerly(self, contact: Ticket, former: Former) -> tuple[Measurement, ...]:
        """By one time of each fact at one desk, where nothing else was known; or by all of them, more strictly."""
        if former.version == EARLIEST_FACTS_VERSION:
            return measure_by_one_time_of_each(contact, former.rules, former.calendar)
        if former.version == ONE_DRAW_VERSION:
            return measure_by_one_draw(contact, former.rules, former.calendar)
        return super().measure_formerly(contact, former)

    def is_held_otherwise(self, contact: Ticket, former: Former) -> bool:
        """Where a kiosk had repeated a plan, or facts lie hours apart."""
        return former.version == EARLIEST_FACTS_VERSION and is_held_otherwise(contact)

    def hold_as_today(self, contact: Ticket) -> None:
        """By the plan of the request, and with every fact in its place."""
        hold_as_today(contact)

    def _current(self, contact: Ticket) -> Ticket:
        """The visit that has the number now."""
        return lives(contact, self.calendar)[-1] if contact.facts else contact

    def is_over(self, contact: Ticket, measured: tuple[Measurement, ...]) -> bool:
        """A visitor who was sent on is received once and waits again."""
        return has_outcome(measured) and waits_onward(self._current(contact)) is None

    def place(self, contact: Ticket) -> Place:
        """Visitors wait once they have arrived, from the planned start on: who comes early has not waited by that.

        Who was sent on waits at the further desk, among those without an appointment there.
        """
        if not contact.facts:  # as nearly all
            return Place(contact.cluster, contact.due, contact.waits_since, contact.planned is None)
        visit = self._current(contact)
        onward = waits_onward(visit)
        if onward is not None and onward.since is not None:
            return Place(onward.cluster, onward.since, onward.since, walk_in=True)
        return Place(visit.desk, visit.due, visit.waits_since, visit.planned is None)

    def expire(self, contact: Ticket) -> Excluded:
        """The visit as `unresolved`."""
        return expire_visit(self._current(contact))

    def due_ms(self, contact: Ticket) -> int:
        """When the visit was to begin, or the wait at a further desk that goes on."""
        if not contact.facts:
            return contact.due
        visit = self._current(contact)
        onward = waits_onward(visit)
        return visit.due if onward is None or onward.since is None else onward.since

    @property
    def expiry_ms(self) -> int:
        """From the rules."""
        return self.rules.ticket_expiry_ms
