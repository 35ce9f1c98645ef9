"""The ways by which citizens reach the city, a folder each: what comes in, how it is measured and what is counted."""

from typing import Any, Final

from streams.channels.calls.channel import CALLS
from streams.channels.channel import ChannelParts
from streams.channels.visits.channel import VISITS
from streams.contracts.decode import Event
from streams.contracts.topics import TopicSettings
from streams.core.counts import Tally
from streams.core.indicators import Measure
from streams.core.rules import Channel

__all__ = [
    "CALLS",
    "VISITS",
    "ChannelParts",
    "channel_names",
    "channel_of",
    "channel_of_event",
    "channel_of_type",
    "channels",
    "empty_tally",
    "indicator_of",
    "indicators",
    "register",
    "topics_of",
]

_CHANNELS: Final[dict[Channel, ChannelParts]] = {CALLS.name: CALLS, VISITS.name: VISITS}

_CHANNELS_OF_EVENTS: Final[dict[type[Any], ChannelParts]] = {
    event: each for each in _CHANNELS.values() for event in each.decoder.events
}


def register(channel: ChannelParts) -> None:
    """Make a channel known, behind those that are known; before anything is read, counted or shown.

    Raises `ValueError` for a name that another channel or an indicator of another has already.
    """
    if _CHANNELS.get(channel.name, channel) is not channel:
        raise ValueError(f"expected a channel of a new name, got {channel.name} again: give it another name")
    known = {each.name for other in channels() if other is not channel for each in other.indicators}
    if taken := known.intersection(each.name for each in channel.indicators):
        raise ValueError(f"expected indicators of new names, got {', '.join(sorted(taken))} again: give others")
    _CHANNELS[channel.name] = channel
    _CHANNELS_OF_EVENTS.update(dict.fromkeys(channel.decoder.events, channel))


def channels() -> tuple[ChannelParts, ...]:
    """All channels, in the order in which they are shown."""
    return tuple(_CHANNELS.values())


def channel_names() -> tuple[Channel, ...]:
    """The names of all channels, in the order in which they are shown."""
    return tuple(_CHANNELS)


def channel_of(name: Channel) -> ChannelParts:
    """The channel of a name."""
    return _CHANNELS[name]


def channel_of_event(event: Event) -> ChannelParts:
    """Whose event it is."""
    return _CHANNELS_OF_EVENTS[type(event)]


def channel_of_type(event: type[Event]) -> ChannelParts:
    """Whose type of event it is."""
    return _CHANNELS_OF_EVENTS[event]


def empty_tally(name: Channel) -> Tally:
    """A tally of the channel's kind in which nothing is counted."""
    return _CHANNELS[name].tally()


def indicators() -> tuple[Measure, ...]:
    """The indicators of all channels, in the order of the report."""
    return tuple(sorted((each for channel in channels() for each in channel.indicators), key=lambda each: each.place))


def indicator_of(name: str) -> tuple[Measure, ChannelParts]:
    """The indicator of a name, and the channel that it is of."""
    return next((each, channel) for channel in channels() for each in channel.indicators if each.name == name)


def topics_of(topics: TopicSettings) -> dict[str, Channel]:
    """The topics of events, and whose each is."""
    return {each.topic(topics): each.name for each in channels()}
