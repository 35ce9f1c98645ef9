"""What one worker shows: nothing that another one may show already, for the figures of workers are added up."""

from collections.abc import Mapping

from aiokafka import TopicPartition

from streams.runtime.pages import Pages
from streams.runtime.partitions import Partitions
from streams.settings import load
from tests.runtime.test_partition import NOW_MS
from tests.runtime.test_partitions import TP, Writer, with_a_rejected_record, writer

__all__ = ["writer"]  # a fixture


class Engine:
    """An engine that is sure of its partitions, or not."""

    certain = True

    def high_watermarks(self) -> Mapping[TopicPartition, int | None]:
        """Not known."""
        return {}

    def owns_partitions(self) -> bool:
        """As told."""
        return self.certain

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()


def pages(owned: Partitions, engine: Engine) -> Pages:
    """The pages of a worker."""
    return Pages(load(None, {}), owned, engine, lambda: NOW_MS, demo=False)


async def test_metrics_show_partitions_only_while_they_are_certain(writer: Writer) -> None:
    engine = Engine()
    shown = pages(await with_a_rejected_record(), engine)
    series = f'wachtmonitor_events_applied_total{{partition="{TP.partition}",topic="{TP.topic}"}} 2.0'
    assert series in shown.metrics().decode()
    engine.certain = False
    assert "wachtmonitor_events_applied_total{" not in shown.metrics().decode()
    engine.certain = True
    assert series in shown.metrics().decode()
