"""What the settings accept: the decoder of each channel's events, and what to say of a record that it refuses.

Whoever sends, folds or checks events asks the same decoder, so that nobody knows another list of rules.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from streams.channels import channel_of
from streams.contracts.decode import Decoder, Event
from streams.contracts.events import instant_ms
from streams.contracts.names import ALIKE_RATIO, Likeness, advice, listed, most_like, sentence, shown
from streams.contracts.rejections import Reason, Rejection
from streams.core.rules import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Channel, Rules

_UNITS: Final = ((DAY_MS, "days"), (HOUR_MS, "hours"), (MINUTE_MS, "minutes"), (SECOND_MS, "seconds"))

_WHOLE_UNITS: Final = 2
"""Fewer than so many of a unit are said in the next smaller one."""


NAMES_SAID_MAX: Final = 200
"""Of so many names that are not known it is worked out which one is meant, some milliseconds for each among many
clusters: a flood of others is refused without that."""


def decoder_of(channel: Channel, rules: Rules) -> Decoder[Any]:
    """What tells the channel's events from what is refused, by the rules."""
    return channel_of(channel).decoder_by(rules)


class Refused(NamedTuple):
    """A record that was refused, as far as it is kept to be explained."""

    rejection: Rejection
    value: bytes | None
    timestamp_ms: int


class Explainer:
    """Says what is wrong with one channel's refused records, as far as it may be shown."""

    def __init__(self, channel: Channel, rules: Rules) -> None:
        self._channel = channel
        self._rules = rules
        self._read = decoder_of(channel, rules).read
        self.clusters = tuple(rules.channel_clusters(channel))
        self._said: dict[str, str] = {}
        """What to say of names, by the name."""
        self._called = (*self.clusters, *rules.channel_aliases(channel))
        self._elsewhere = {each.name: each.channel for each in rules.clusters if each.channel is not channel}

    def cluster(self, value: bytes | None) -> str | None:
        """The cluster that a record names, known or not; None where it cannot be read."""
        event = self._read(value)
        return None if event is None else event.cluster

    def like(self, cluster: str) -> Likeness | None:
        """The cluster of the settings that a name is the misspelling of; None for what may be anything, a person's
        name too."""
        return most_like(cluster, self.clusters, ALIKE_RATIO) if shown(cluster) is not None else None

    def particulars(self, refused: Refused) -> str:
        """What is wrong with a record, in a sentence, and what to do; nothing of it but a known cluster misspelt."""
        return f"{sentence(self._detail(refused, self._about_name))} {refused.rejection.reason.remedy}"

    def detail(self, refused: Refused) -> str:
        """What is wrong with a record, the same of it and no more, and cheap enough to be said of each."""
        return self._detail(refused, self._about_kept)

    def _detail(self, refused: Refused, about_name: Callable[[str], str | None]) -> str:
        rejection = refused.rejection
        event = self._read(refused.value)
        if event is None:
            return rejection.detail
        if rejection.reason is Reason.UNKNOWN_CLUSTER:
            return about_name(event.cluster) or rejection.detail
        at_ms = refused.timestamp_ms
        return f"{rejection.detail}{self.by_how_much(event, at_ms)}{self._clock(event, at_ms)}"

    def _about_name(self, cluster: str) -> str:
        return self.about(cluster, show=self.like(cluster) is not None)

    def _about_kept(self, cluster: str) -> str | None:
        """The same, worked out once for each name; None for one more than are kept."""
        said = self._said.get(cluster)
        if said is None and len(self._said) < NAMES_SAID_MAX:
            said = self._said[cluster] = self._about_name(cluster)
        return said

    def _clock(self, event: Event, timestamp_ms: int) -> str:
        """What it says of clocks that an event lies after its record, which the broker has just taken."""
        ahead_ms = instant_ms(event.at) - timestamp_ms
        if ahead_ms <= self._rules.future_tolerance_ms:
            return ""
        return f", so the source's clock is about {roughly(ahead_ms)} ahead, or the broker's behind"

    def about(self, cluster: str, *, show: bool = True) -> str:
        """What to say of a name that is none of this channel's clusters; `show` it if it looks like one."""
        here = channel_of(self._channel).called
        if (other := self._elsewhere.get(cluster)) is not None:
            return f"{shown(cluster)} is a cluster of {channel_of(other).called} in the settings, and none of {here}"
        if (name := shown(cluster)) is None or not show:
            hidden = "a name that is not shown, since it may be a person's,"
            return f"{hidden} is no cluster of {here} in the settings; known are: {listed(self.clusters)}"
        return f"{name} is no cluster of {here} in the settings; {advice(cluster, self._called)}"

    def by_how_much(self, event: Event, timestamp_ms: int) -> str:
        """How far a time lies beyond what is accepted; empty where it does not."""
        at_ms, rules = instant_ms(event.at), self._rules
        if (ahead_ms := at_ms - timestamp_ms) > rules.future_tolerance_ms:
            return (
                f": it lies {roughly(ahead_ms)} after its record, {roughly(rules.future_tolerance_ms)} are accepted"
            )
        if at_ms < rules.earliest_ms:
            day = datetime.fromtimestamp(rules.earliest_ms / SECOND_MS, UTC).astimezone(ZoneInfo(rules.zone)).date()
            return f", which is {day}"
        return ""


def roughly(duration_ms: int) -> str:
    """A duration in whole units of which there are at least two."""
    for unit_ms, name in _UNITS:
        if duration_ms >= _WHOLE_UNITS * unit_ms:
            return f"{round(duration_ms / unit_ms)} {name}"
    return f"{duration_ms / SECOND_MS:g} seconds"
