"""A source that is called: what becomes of one request to it. Must not know HTTP or Kafka."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import IntEnum

import msgspec

from streams.contracts.decode import Event
from streams.sources.documents.facts import DocumentFacts, Told
from streams.sources.webhooks.bodies import Documents
from streams.sources.webhooks.request import Refusal, Request, UnreadableError
from streams.sources.webhooks.signatures import Check


class Answer(IntEnum):
    """What the sender is told, as HTTP has it."""

    TAKEN = 204
    UNREADABLE = 400
    WHO_ARE_YOU = 401
    COME_AGAIN = 503


class Judged(msgspec.Struct, frozen=True):
    """What one request is: its events are to be sent before it is answered, whatever the answer is."""

    answer: Answer
    events: Sequence[Event] = ()
    left_out: Mapping[str, int] = {}
    """What became no fact, counted by reason: documents, or the request where it has none."""
    text: str = ""
    """What to tell the sender besides: what was expected, and nothing of the request."""


class Hook:
    """Judges the requests to one address."""

    def __init__(self, check: Check, documents: Documents, facts: DocumentFacts) -> None:
        self._check = check
        self._documents = documents
        self._facts = facts

    def __call__(self, request: Request) -> Judged:
        """What it is; never raises. Nothing of a request is read before it is sure who sent it."""
        if not self._check(request):
            return Judged(Answer.WHO_ARE_YOU, (), {Refusal.SIGNATURE: 1}, "The signature or secret is not right.")
        try:
            documents = self._documents(request)
        except UnreadableError as error:
            return Judged(Answer.UNREADABLE, (), {error.refusal: 1}, f"{error}.")
        return _judged([self._facts(document) for document in documents])


def _judged(told: Sequence[Told]) -> Judged:
    """Of several documents the readable ones count, though the sender hears that some are not."""
    events = [event for each in told for event in each.events]
    left_out = Counter(each.reason.value for each in told if each.reason is not None)
    mistakes = [each for each in told if each.reason is not None and each.reason.is_mistake]
    if not mistakes:
        return Judged(Answer.TAKEN, events, left_out)
    of_all = f" ({len(mistakes)} of {len(told)} documents)" if len(told) > 1 else ""
    return Judged(Answer.UNREADABLE, events, left_out, f"{mistakes[0].why()}{of_all}.")
