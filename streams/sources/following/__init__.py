"""Following a source: its facts and the position after them go to Kafka together, and what became of them is told."""

from streams.sources.following.delivery import DeliveryError, FencedError
from streams.sources.following.follower import Follower

__all__ = ["DeliveryError", "FencedError", "Follower"]
