"""What a channel is to everybody else: its name, what comes in, its state and its counts.

One object for each way by which citizens reach the city. Whoever needs to know something of a channel asks the
object; nobody asks which channel it is.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from streams.channels.example import Example
from streams.contracts.decode import Decoder
from streams.contracts.topics import TopicSettings
from streams.core.counts import Tally
from streams.core.indicators import Measure
from streams.core.rules import Channel, Rules
from streams.core.state import AnyState


class ChannelParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is of one channel."""

    name: Channel
    """As it stands in settings, in stored formats and in the labels of metrics."""
    called: str
    """What English texts call it, such as `the phone`."""
    contact: str = "contact"
    """What the documents of the contract call one of its contacts, such as `telephone call`."""
    contacts: str
    """What English texts call its contacts, such as `calls`."""
    topic_setting: str = ""
    """The key in `[kafka]` that names the topic of its events; without one that is the channel's name in
    `[kafka.topics]`."""
    topic_default: str = ""
    """The topic where `[kafka.topics]` says nothing."""
    stale_setting: str = ""
    """The key in `[web]` that says after how many seconds of silence its figures count as old; without one that is
    the channel's name in `[web.stale_seconds]`."""
    stale_default_seconds: float = 300
    """The same where `[web.stale_seconds]` says nothing."""
    decoder: type[Decoder[Any]]
    examples: Callable[[], tuple[Example, ...]] = tuple
    """Records for the documents of the contract."""
    state: type[AnyState]
    tally: type[Tally]
    frozen_in: str = "counts"
    """The field of a closed month's record that holds what is counted of it."""
    counts_by_hours: bool = False
    """Whether a contact counts by the opening hours it came in, which its cluster may have of its own."""
    indicators: tuple[Measure, ...] = ()
    """What its counts say of how citizens were served."""
    has_walk_ins: bool = False
    """Whether some come without an appointment and wait in figures of their own (`streams.channels.figures`)."""
    may_go_on: Callable[[Rules], str] = lambda _: ""
    """How long contacts that had begun when their topic's partitions were raised may have events, in English."""
    tells_seconds: bool = True
    """Whether waits are told to the second, so that clocks some seconds apart make them wrong; in minutes if not."""

    @property
    def has_service_level(self) -> bool:
        """Whether it is asked how many contacts were answered within a bound, of which a cluster may have its own."""
        return any(each.has_bound for each in self.indicators)

    def topic(self, topics: TopicSettings) -> str:
        """The topic of its events."""
        name: str = (
            getattr(topics, self.topic_setting)
            if self.topic_setting
            else topics.topics.get(self.name, self.topic_default)
        )
        return name

    def stale_seconds(self, named: object, others: Mapping[str, float]) -> float:
        """When its figures count as old: by the attribute named as the setting, or what `others` say by channel."""
        if self.stale_setting:
            seconds: float = getattr(named, self.stale_setting)
            return seconds
        return others.get(self.name, self.stale_default_seconds)

    def decoder_by(self, rules: Rules) -> Decoder[Any]:
        """What tells its events from what is refused, by the rules."""
        return self.decoder(
            clusters=frozenset(rules.channel_clusters(self.name)),
            aliases=rules.channel_aliases(self.name),
            earliest_ms=rules.earliest_ms,
            future_tolerance_ms=rules.future_tolerance_ms,
            plan_ahead_ms=rules.plan_ahead_ms,
        )
