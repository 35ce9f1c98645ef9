"""What becomes of a request to one source, from who sent it to what Kafka says. Must not know HTTP or Kafka."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from streams.contracts.decode import Event
from streams.sources.webhooks.called import NotTakenError
from streams.sources.webhooks.hook import Answer, Hook
from streams.sources.webhooks.request import Request

AWAY: Final = "kafka_away"
"""The reason for which a request is refused that Kafka does not take now."""


class Sink(Protocol):
    """Where facts go."""

    def note(self, left_out: Mapping[str, int]) -> None:
        """Count what became no fact."""

    async def take(self, events: Sequence[Event]) -> None:
        """Return once they are where they belong; raises `NotTakenError` when that is not known."""


class Answered(NamedTuple):
    """What a caller is told."""

    status: int
    text: str = ""
    reason: str = ""
    """Why it is refused; empty where it is not."""


_AGAIN: Final = Answered(Answer.COME_AGAIN, "The facts cannot be kept at this moment: send them again.", AWAY)


class Receiver:
    """Takes the requests to one source to their end."""

    def __init__(self, hook: Hook, sink: Sink, takes: Callable[[], bool]) -> None:
        """`takes` says whether facts are taken at this moment, as far as is known."""
        self._hook = hook
        self._sink = sink
        self._takes = takes

    async def __call__(self, request: Request) -> Answered:
        """What to tell the caller: that facts are taken once they are, and not before."""
        judged = self._hook(request)
        self._sink.note(judged.left_out)
        if judged.events:
            try:
                await self._deliver(judged.events)
            except NotTakenError:
                self._sink.note({AWAY: 1})
                return _AGAIN
        reason = next(iter(judged.left_out), "") if judged.answer is not Answer.TAKEN else ""
        return Answered(judged.answer, judged.text, reason)

    async def _deliver(self, events: Sequence[Event]) -> None:
        if not self._takes():
            raise NotTakenError
        await self._sink.take(events)
