"""Tells the log of ids that are used again: when it begins, and when there are ten times as many, not for each."""

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from streams.channels.shared_ids import Ids
from streams.core.rules import Channel
from streams.live.notes import id_notes
from streams.live.observed import PartitionHealth, ids_of

log = logging.getLogger(__name__)

TELL_SECONDS: Final = 5.0
"""How often is looked."""

_WORTH_TELLING_AGAIN: Final = 10
"""So many times as many."""


class IdLog:
    """What was told so far."""

    def __init__(self) -> None:
        self._told: dict[Channel, Ids] = {}

    def tell(self, partitions: Iterable[PartitionHealth]) -> None:
        """Log what is new of these partitions."""
        by_channel: dict[Channel, list[PartitionHealth]] = {}
        for each in partitions:
            by_channel.setdefault(each.state.channel, []).append(each)
        for channel, found in by_channel.items():
            self._tell({channel: self._news(channel, ids_of(found))})

    def _news(self, channel: Channel, ids: Ids) -> Ids:
        """As far as it is to be told; what is gone is forgotten, so that it is told when it begins anew."""
        told = self._told.get(channel, Ids())
        news = Ids(*(now if _is_news(now, before) else 0 for now, before in zip(ids, told, strict=True)))
        self._told[channel] = Ids(
            *(now if new or not now else before for now, new, before in zip(ids, news, told, strict=True))
        )
        return news

    @staticmethod
    def _tell(news: Mapping[Channel, Ids]) -> None:
        for text in id_notes(news):
            log.warning("%s", text)


def _is_news(now: int, told: int) -> bool:
    return now >= _WORTH_TELLING_AGAIN * told if told else now > 0
