"""The indicators of chats, which nobody else has."""

from typing import Final

from streams.core.indicators import Comparison, Measure, Unit

WAIT: Final = Measure(
    name="chat_wait",
    part="wait_ms",
    whole="answered",
    unit=Unit.SECONDS,
    comparison=Comparison.AT_MOST,
    of_cluster=True,
)

ABANDONED_SHARE: Final = Measure(
    name="chat_abandoned_share",
    part="abandoned",
    whole="known",
    unit=Unit.RATIO,
    comparison=Comparison.AT_MOST,
)
