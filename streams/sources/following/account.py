"""What became of all that a source told since it is followed. Must not know Kafka."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from streams.channels import channel_names, channel_of, channel_of_event
from streams.channels.acceptance import decoder_of
from streams.channels.named_events import tag_of
from streams.channels.staffing import AnyStaffing, channel_told
from streams.contracts.decode import Event
from streams.contracts.events import instant_ms
from streams.contracts.rejections import Rejection
from streams.contracts.staffing import Staffing
from streams.core.rules import Channel, Rules
from streams.live.followed import Followed
from streams.sources.source import Link, Step

NOT_YET: Final = Link(connected=False, why="it is being connected to")


class Account:
    """Counts of one source."""

    def __init__(self, source: str, channels: tuple[Channel, ...], rules: Rules, now_ms: int) -> None:
        """Nothing has come yet, and nothing is connected."""
        self._source = source
        self._channels = channels
        self._decode: dict[Channel, Any] = {
            channel: decoder_of(channel, rules).decode_batch for channel in channel_names()
        }
        self._staffing = AnyStaffing(rules)
        # those of its channels at 0 too: `increase()` does not see a series that begins at 1
        self._facts = Counter({(name, tag_of(e)): 0 for name in channels for e in channel_of(name).decoder.events})
        self._refused: Counter[tuple[Channel, str]] = Counter()
        self._left_out: Counter[str] = Counter()
        self._filled = 0
        self._last_fact_ms: int | None = None
        self.link = NOT_YET
        """Whether it is connected."""
        self._since_ms = now_ms
        self.written_ms: int | None = None
        """When Kafka last took a position."""
        self.trouble = ""
        """Why Kafka takes nothing at this moment; empty while it does."""

    def take(self, step: Step, now_ms: int) -> None:
        """Note what a step says besides its facts, as soon as it comes."""
        self._left_out.update(step.left_out)
        if step.link is not None:
            self.note_link(step.link, now_ms)

    def note_link(self, link: Link, now_ms: int) -> None:
        """Whether it is connected, from now on; why it is not may change meanwhile."""
        if link.connected is not self.link.connected:
            self._since_ms = now_ms
        self.link = link

    def sent(self, events: Sequence[Event], records: Sequence[tuple[bytes, bytes]], filled: int, now_ms: int) -> None:
        """Note facts that are in Kafka as these records, so many of which fill a gap."""
        self._facts.update((channel_told(event), tag_of(type(event))) for event in events)
        self._refuse(events, records, now_ms)
        self._filled += filled
        self._last_fact_ms = self.newest_with(events)
        self.written_ms = now_ms

    def newest_with(self, events: Sequence[Event]) -> int | None:
        """When the newest fact of a contact happened, these among them; None where there is none."""
        known = () if self._last_fact_ms is None else (self._last_fact_ms,)
        told = (instant_ms(event.at) for event in events if not isinstance(event, Staffing))
        return max((*known, *told), default=None)

    def go_on(self, last_fact_ms: int | None) -> None:
        """Go on from what an earlier follower knew: the newest fact may have come before this start."""
        self._last_fact_ms = last_fact_ms

    def _refuse(self, events: Sequence[Event], records: Sequence[tuple[bytes, bytes]], now_ms: int) -> None:
        """Count those that the settings refuse in a record of this moment, by reason."""
        pairs = list(zip(events, records, strict=True))
        for event, (key, value) in pairs:
            if isinstance(event, Staffing):
                outcome = self._staffing(key, value, now_ms)
                if isinstance(outcome, Rejection):
                    self._refused[channel_told(event), outcome.reason.value] += 1
        for channel in channel_names():
            chosen = [record for event, record in pairs if _is_of(event, channel)]
            if chosen:
                keys, values = zip(*chosen, strict=True)
                for _, rejection in self._decode[channel](keys, values, [now_ms] * len(chosen)).rejected:
                    self._refused[channel, rejection.reason.value] += 1

    def followed(self) -> Followed:
        """All of it, to be shown and written."""
        return Followed(
            source=self._source,
            channels=self._channels,
            connected=self.link.connected,
            why=self.link.why,
            since_ms=self._since_ms,
            facts=dict(self._facts),
            refused=dict(self._refused),
            left_out=dict(self._left_out),
            filled=self._filled,
            last_fact_ms=self._last_fact_ms,
            written_ms=self.written_ms,
            trouble=self.trouble,
        )


def _is_of(event: Event, channel: Channel) -> bool:
    return not isinstance(event, Staffing) and channel_of_event(event).name is channel
