"""Whether sources that call by themselves could be received, by the settings and the files that they name."""

from collections.abc import Iterator
from ipaddress import ip_address

from streams.commands.check.finding import Finding, Status
from streams.settings import ReceiveSettings, Settings
from streams.settings.sources import RECEIVED_KINDS, SecretFileError, received_secret
from streams.sources.source import SourceError
from streams.sources.webhooks.kinds import hook_of


def received_findings(settings: Settings) -> Iterator[Finding]:
    """A finding for each thing that is wrong with such a source; none where all is right, or there is no such source.

    A file that cannot be read here may well be there where they are received: the settings are those of all.
    """
    received = {name: table for name, table in settings.sources.items() if isinstance(table, RECEIVED_KINDS)}
    for name, table in received.items():
        try:
            hook_of(name, table, received_secret(name, table))
        except SecretFileError as error:
            yield Finding(Status.NOTE, f"source {name}", str(error))
        except SourceError as error:
            is_there = table.mapping is not None and table.mapping.exists()
            yield Finding(Status.WRONG if is_there else Status.NOTE, f"source {name}", str(error))
    if received and not _is_loopback(settings.receive) and settings.receive.certificate_file is None:
        text = (
            f"listens on {settings.receive.host} without a certificate: let nobody reach it but a proxy with one, "
            "or name certificate_file and key_file in [receive]"
        )
        yield Finding(Status.NOTE, "webhooks", text)


def _is_loopback(own: ReceiveSettings) -> bool:
    try:
        return ip_address(own.host).is_loopback
    except ValueError:
        return own.host == "localhost"
