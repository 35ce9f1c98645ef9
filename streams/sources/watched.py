"""What watches each kind of source that the settings may name."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from streams.settings import Settings, SourceTable
from streams.settings.sources import AsteriskSource, ConnectSource, FreeSwitchSource, SecretFileError, TopicSource
from streams.sources import asterisk, freeswitch
from streams.sources.asterisk import Manager, StaffRules
from streams.sources.call_rules import CallRules
from streams.sources.connect import connect_source
from streams.sources.freeswitch import EventSocket
from streams.sources.source import Source, SourceError
from streams.sources.topic import topic_source

Make = Callable[[str, Any, Settings], Source]
"""The name of a source, its table and all settings: what watches it."""


def _asterisk(name: str, table: AsteriskSource, settings: Settings) -> Source:
    manager = Manager(table.host, table.port, table.username, _secret(name, table))
    (channel,) = table.channels
    staff = StaffRules(name, channel.value, settings.staffing.pauses) if table.tells_staff else None
    return asterisk.AsteriskSource(manager, CallRules(table.queues, table.numbers), table.queue_log, staff=staff)


def _freeswitch(name: str, table: FreeSwitchSource, _: Settings) -> Source:
    socket = EventSocket(table.host, table.port, _secret(name, table))
    return freeswitch.FreeSwitchSource(socket, CallRules(table.queues, table.numbers))


def _secret(name: str, table: AsteriskSource | FreeSwitchSource) -> Callable[[], str]:
    """The secret is read at each login, since its file may come and change; one that is missing is told at once."""

    def secret() -> str:
        try:
            return table.read_secret(name)
        except SecretFileError as error:
            raise SourceError(str(error)) from error

    secret()
    return secret


WATCHED: Final[Mapping[type[SourceTable], Make]] = {
    AsteriskSource: _asterisk,
    ConnectSource: connect_source,
    FreeSwitchSource: _freeswitch,
    TopicSource: topic_source,
}
"""By the table of the settings that says it."""


def source_of(name: str, table: SourceTable, settings: Settings) -> Source:
    """What watches a source of the settings.

    Raises `SourceError` where nothing does, since it calls by itself, and where its settings are of no use here.
    """
    make = WATCHED.get(type(table))
    if make is None:
        raise SourceError(f"source {name} is not watched, but calls by itself: start `wachtmonitor receive` for it")
    return make(name, table, settings)
