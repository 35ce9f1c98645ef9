"""What is worth knowing on the page of health although no figure is in doubt for it."""

from collections.abc import Iterator, Mapping
from typing import Final

from streams.channels import channel_of
from streams.channels.shared_ids import Ids
from streams.core.rules import Channel

_WHEN: Final = ", today, in the three days before and planned since"
"""The days of which figures are kept beside the months."""


def id_notes(ids: Mapping[Channel, Ids]) -> Iterator[str]:
    """What is said of ids that were used again, by channel."""
    for channel, found in ids.items():
        yield from found.texts(channel_of(channel), _WHEN)
