"""The decoders that the tests of the contract use: the default rules and the clusters of the examples."""

from typing import Any, Final

from hypothesis import settings

from streams.channels import channel_of
from streams.contracts.decode import Decoder
from streams.core.rules import DAY_MS, MINUTE_MS, Channel
from tests.contracts.examples import CLUSTERS

STEADY: Final = settings(derandomize=True, deadline=None, max_examples=200)
"""The same examples in every run, and no failure because the machine is busy."""

EARLIEST_MS = 1_451_606_400_000
FUTURE_TOLERANCE_MS = 5 * MINUTE_MS
PLAN_AHEAD_MS = 1_000 * DAY_MS


def decoder(channel: Channel) -> Decoder[Any]:
    """The decoder of one topic."""
    limits: dict[str, Any] = {
        "clusters": CLUSTERS[channel],
        "earliest_ms": EARLIEST_MS,
        "future_tolerance_ms": FUTURE_TOLERANCE_MS,
        "plan_ahead_ms": PLAN_AHEAD_MS,
    }
    return channel_of(channel).decoder(**limits)


DECODERS = {channel: decoder(channel) for channel in Channel}
