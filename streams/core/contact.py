"""Contacts: the facts known about one, merged so that order and repetition do not matter.

A channel keeps what decides: the earliest time of each event type where that is all, and the others beside it
(`streams.core.pool`). Which cluster a contact belongs to is said by its lowest-ranked
fact (the one nearest to what the citizen asked for), the earliest of those.
"""

from typing import Final

import msgspec

_UNSTATED: Final = 99
"""Rank of a cluster that no fact has stated yet: above every event's rank."""


class _MayBeOpen(msgspec.Struct, gc=False, array_like=True, kw_only=True):
    """In a checkpoint, fields that are given by name come last, in the order of the classes: older ones lack them.

    A field that is new in a channel's contact by its place would come before them: it takes another
    `SNAPSHOT_VERSION`, or is given by name in a class between this and the channel's.
    """

    is_open: bool | None = True
    """Whether it is without an outcome, and was not forgotten as such. After a restart it follows from the facts.

    None for one with an outcome that is still counted by the rules of before (`State.judge`); never in a checkpoint.
    """


class Contact(_MayBeOpen, gc=False, array_like=True):
    """What the contacts of all channels share: the cluster, and when a record about the contact last came."""

    cluster: str = ""
    cluster_rank: int = _UNSTATED
    """Rank of the fact that stated the cluster."""
    cluster_at: int = 0
    """When that fact happened, UTC ms."""
    touched: int = 0
    """Log time of the newest record about this contact, ms: what forgetting goes by."""

    def is_stated_better(self, rank: int, at: int, cluster: str) -> bool:
        """Whether a fact says the cluster with more right than the one that has said it so far."""
        return (rank, at, cluster) < (self.cluster_rank, self.cluster_at, self.cluster)

    def state_cluster(self, rank: int, at: int, cluster: str) -> None:
        """Take the cluster from a fact that happened at `at` (ms)."""
        self.cluster_rank, self.cluster_at, self.cluster = rank, at, cluster
