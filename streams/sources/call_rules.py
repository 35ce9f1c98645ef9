"""Which calls of an exchange count, and for which cluster. Must not know settings."""

from collections.abc import Iterable, Mapping

import msgspec


class CallRules(msgspec.Struct, frozen=True):
    """Which calls count, and for which cluster. A number that is named goes before the queues."""

    queues: Mapping[str, str] = {}
    """Name of a queue to its cluster: the first of these that a call joins decides, or the number that was
    dialled."""
    numbers: Mapping[str, str] = {}
    """Number that is dialled, as the exchange writes it, to its cluster: such a call counts from dialling in."""

    def cluster(self, number: str, queues: Iterable[str]) -> str | None:
        """That of a call to a number that is in a queue known by these names; None where neither is named."""
        named = self.numbers.get(number)
        return named if named is not None else next((self.queues[one] for one in queues if one in self.queues), None)


def named(clusters: Mapping[str, str]) -> dict[bytes, str]:
    """The clusters by the bytes that an exchange writes: its files may be UTF-8 or Latin-1."""
    found = {}
    for encoding in ("latin-1", "utf-8"):
        for name, cluster in clusters.items():
            try:
                found[name.encode(encoding)] = cluster
            except UnicodeEncodeError:
                continue
    return found
