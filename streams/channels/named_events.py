"""The events of all channels by their names, and what whoever makes one needs to know of it.

All of it follows from the decoders and the structs of the channels that are registered.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from streams.channels import channel_of_type, channels
from streams.contracts.decode import Event

PLAN_FIELD: Final = "planned_at"
"""The field of events that holds the planned start of an appointment."""

Make = Callable[[str, str, datetime, datetime | None], Event]
"""The id of a contact, its cluster, when it happened and the planned start: the event."""


def event_types() -> dict[str, type[Event]]:
    """Every type of event by its name: as the contract writes it, in the order of the channels.

    Where a channel before has one of that name, the channel's own name and a dot stand before it.
    """
    named: dict[str, type[Event]] = {}
    for channel in channels():
        for event in channel.decoder.events:
            tag = tag_of(event)
            named[f"{channel.name}.{tag}" if tag in named else tag] = event  # type: ignore[assignment]  # as their decoders say
    return named


def tag_of(event: type[Any]) -> str:
    """What the contract writes as the `type` of its events."""
    return str(event.__struct_config__.tag)


def name_of(event: type[Event]) -> str:
    """The name of a type of event."""
    return next(name for name, each in event_types().items() if each is event)


def has_plan(event: type[Any]) -> bool:
    """Whether it may tell the planned start of an appointment."""
    return PLAN_FIELD in _fields(event)


def needs_plan(event: type[Event]) -> bool:
    """Whether there is none without the planned start of an appointment."""
    return has_plan(event) and _fields(event)[PLAN_FIELD].required


def planned_contacts() -> tuple[str, ...]:
    """What the contacts of the channels are called that have appointments."""
    return tuple(each.contacts for each in channels() if any(map(has_plan, each.decoder.events)))


def maker(event: type[Event]) -> Make:
    """What makes events of the type; the planned start counts where it has one."""
    build: Callable[..., Event] = event
    id_field = channel_of_type(event).decoder.id_field

    def plain(contact_id: str, cluster: str, at: datetime, _: datetime | None) -> Event:
        return build(**{id_field: contact_id}, cluster=cluster, at=at)

    def planned(contact_id: str, cluster: str, at: datetime, planned_at: datetime | None) -> Event:
        return build(**{id_field: contact_id}, cluster=cluster, at=at, planned_at=planned_at)

    return planned if has_plan(event) else plain


def _fields(event: type[Any]) -> dict[str, msgspec.structs.FieldInfo]:
    return {each.encode_name: each for each in msgspec.structs.fields(event)}
