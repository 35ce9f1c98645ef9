"""Judging anew what former rules have counted, a few contacts at a time beside everything else.

Until then a contact with an outcome stays counted by the former rules, marked by `Contact.is_open` None.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from streams.core.contact import Contact
from streams.core.former import Former
from streams.core.ledger import Ledger
from streams.core.measure import Excluded, Measurement

C = TypeVar("C", bound=Contact)


class Counting(Protocol[C]):
    """What of a state is judged, and how it counts."""

    @property
    def contacts(self) -> Mapping[str, C]:
        """All contacts, by id."""

    def measure(self, contact: C) -> tuple[Measurement, ...]:
        """What is counted for a contact by today's rules."""

    def measure_formerly(self, contact: C, former: Former) -> tuple[Measurement, ...]:
        """What was counted for it by the former ones."""

    def hold_as_today(self, contact: C) -> None:
        """Bring a contact of a former snapshot to the form in which today's rules read it."""

    def is_over(self, contact: C, measured: tuple[Measurement, ...]) -> bool:
        """Whether a contact of which this is counted waits for nothing more."""

    def expire(self, contact: C) -> Excluded:
        """What is counted for an open contact that will not be heard of again."""

    def count_all(self, measured: Iterable[Measurement]) -> None:
        """Count by today's rules."""

    def take_back_all(self, former: Former, measured: Iterable[Measurement]) -> None:
        """Take back what was counted by the former rules."""


class Judging(Generic[C]):
    """What of a state is still counted by the former rules."""

    def __init__(self, state: Counting[C], ledger: Ledger[Any], former: Former) -> None:
        """Nothing is, until it is told."""
        self.former = former
        self.unjudged = 0
        """How many contacts are."""
        self._state = state
        self._ledger = ledger
        self._ids: list[tuple[str, ...]] = []
        """Ids of the contacts that are, and of some that were judged meanwhile. In tuples, which Python need not look
        through for reference cycles: a list of millions takes it longer than a slice of judging may."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to judge."""
        return not self._ids

    def put_off(self, contacts: Mapping[str, C]) -> None:
        """Leave contacts with an outcome as the former rules have counted them, to be judged later."""
        for contact in contacts.values():
            contact.is_open = None
        self.unjudged += len(contacts)
        if contacts:
            self._ids.append(tuple(contacts))

    def judge(self, at_most: int) -> None:
        """Judge so many of them, the newest first."""
        while at_most > 0 and self._ids:
            ids = self._ids.pop()
            if len(ids) > at_most:
                self._ids.append(ids[:-at_most])
                ids = ids[-at_most:]
            at_most -= len(ids)
            found = [self._state.contacts.get(contact_id) for contact_id in ids]
            unjudged = [contact for contact in found if contact is not None and contact.is_open is None]
            if unjudged:
                self.judge_these(unjudged)

    def judge_these(self, contacts: Sequence[C]) -> None:
        """Judge contacts that are counted by the former rules, and have an outcome by today's."""
        for contact in contacts:
            contact.is_open = False
        self.unjudged -= len(contacts)
        self.count_anew(contacts)

    def count_anew(self, contacts: Iterable[C]) -> None:
        """Take contacts back by the former rules and count them by today's, where that is not the same."""
        gone: list[Measurement] = []
        new: list[Measurement] = []
        for contact in contacts:
            before = self._measured_formerly(contact)
            after = self._state.measure(contact)
            if before != after or not all(map(self._counts_alike, after)):
                gone += before
                new += after
        self._state.count_all(new)
        self._state.take_back_all(self.former, gone)

    def count_as_held_today(self, contact: C) -> None:
        """The same of one that today's rules hold in another form, which hides what was counted for it."""
        before = self._measured_formerly(contact)
        self._state.hold_as_today(contact)
        self._state.count_all(self._state.measure(contact))
        self._state.take_back_all(self.former, before)

    def _measured_formerly(self, contact: C) -> tuple[Measurement, ...]:
        """What was counted for a contact; an open one may have been written as expired too, which is noted."""
        before = self._state.measure_formerly(contact, self.former)
        if not self._state.is_over(contact, before):
            expired = self._state.expire(contact)
            month, day, _ = self.former.spans(expired)
            self._ledger.note(month, day, expired.cluster)
        return before

    def _counts_alike(self, measured: Measurement) -> bool:
        """Whether a measurement that is the same by both rules counts for the same, in the same spans of time."""
        if not self.former.has_same_place(measured.cluster):
            return False
        return self.former.has_same_spans or self._ledger.has_same_spans(self.former, measured)


def has_outcome(measured: tuple[Measurement, ...]) -> bool:
    """Whether a contact of which this is counted has an outcome, which comes last."""
    return bool(measured) and measured[-1].is_outcome
