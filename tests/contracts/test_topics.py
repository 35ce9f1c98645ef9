"""The topics and the settings that exactness, privacy and quick recovery depend on."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
import pytest

from streams.channels.topics import topic_specs
from streams.contracts.topics import TopicSpec, checkpoint_topic
from streams.core.rules import DAY_MS, Rules


class Names(msgspec.Struct, frozen=True):
    """Names that differ from the default ones."""

    calls_topic: str = "exchange"
    tickets_topic: str = "desks"
    topics: Mapping[str, str] = MappingProxyType({})
    dead_letters_topic: str = "refused"
    month_totals_topic: str = "months"
    closed_months_topic: str = "closed"
    snapshots_topic: str = "pictures"
    live_topic: str = "moments"
    sources_topic: str = "origins"
    staffing_topic: str = "people"
    partitions: int = 7


SPECS = {spec.name: spec for spec in topic_specs(Names())}
DEFAULT_MEMORY_MS: int = next(field.default for field in msgspec.structs.fields(Rules) if field.name == "memory_ms")


def test_there_is_one_topic_for_everything_that_is_written_or_read() -> None:
    assert list(SPECS) == [
        "exchange",
        "desks",
        "exchange-checkpoints",
        "desks-checkpoints",
        "months",
        "closed",
        "pictures",
        "refused",
        "moments",
        "origins",
        "people",
    ]


@pytest.mark.parametrize("source", ["exchange", "desks"])
def test_checkpoints_have_a_partition_for_each_partition_of_their_source(source: str) -> None:
    assert SPECS[source].partitions == SPECS[checkpoint_topic(source)].partitions == 7


@pytest.mark.parametrize("source", ["exchange", "desks"])
def test_events_are_gone_before_the_monitor_forgets_their_contacts(source: str) -> None:
    """Else whoever reads the whole topic again would count a call twice."""
    config = SPECS[source].config
    oldest_ms = int(config["retention.ms"]) + int(config["segment.ms"])
    assert SPECS[source].cleanup_policy == "delete"
    assert oldest_ms + DAY_MS < DEFAULT_MEMORY_MS


@pytest.mark.parametrize("topic", ["exchange", "desks", "refused", "moments"])
def test_the_broker_says_when_a_record_came(topic: str) -> None:
    assert SPECS[topic].config["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize("topic", ["exchange-checkpoints", "desks-checkpoints", "months"])
def test_what_only_the_newest_record_of_a_key_tells_is_compacted(topic: str) -> None:
    spec = SPECS[topic]
    assert spec.cleanup_policy == "compact"
    assert "retention.ms" not in spec.config
    assert int(spec.config["segment.bytes"]) > int(spec.config["max.message.bytes"])


def test_raw_bytes_of_refused_records_do_not_stay() -> None:
    config = SPECS["refused"].config
    assert config["cleanup.policy"] == "delete"
    assert int(config["retention.ms"]) + int(config["segment.ms"]) <= 15 * DAY_MS


def test_any_record_fits_among_the_dead_letters() -> None:
    """With room for its place and reason in the headers, which take less than 4 KiB."""
    dead_letter_bytes = int(SPECS["refused"].config["max.message.bytes"])
    assert all(
        int(SPECS[source].config["max.message.bytes"]) + 4096 <= dead_letter_bytes for source in ("exchange", "desks")
    )


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_settings_are_text_as_kafka_wants_them(spec: TopicSpec) -> None:
    assert all(isinstance(value, str) for value in spec.config.values())
    assert spec.key
    assert spec.value
