"""What the counts of each cluster are read by: the rules that all were counted by, and the cluster's own norms.

A sum of several clusters is read as the sum of what is read of each: there is no bound that it could be read by.
"""

from streams.core.counts import Terms
from streams.core.norms import Norms
from streams.core.rules import SECOND_MS, Channel, Rules


class AllTerms:
    """The terms of every cluster."""

    def __init__(self, rules: Rules, norms: Norms) -> None:
        """Clusters of one bound share what is kept of it."""
        by_bound = {seconds: Terms(rules, seconds * SECOND_MS) for seconds in norms.bounds_seconds}
        self._common = by_bound[norms.service_level_seconds]
        self._own = {(each.channel, each.cluster): by_bound[each.level.seconds] for each in norms.own_service_levels}

    def of(self, channel: Channel, cluster: str) -> Terms:
        """Those of a cluster, whether or not the settings still have it."""
        return self._own.get((channel, cluster), self._common)
