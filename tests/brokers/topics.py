"""Settings that keep the tests on one broker apart from each other."""

import uuid
from typing import Any

from streams.kafka.embedded import BrokerProcess, EmbeddedBroker
from streams.settings import KafkaSettings


def kafka_settings(broker: BrokerProcess, **changes: Any) -> KafkaSettings:
    """Settings with this broker's address and with a group and topics that nobody else uses; `changes` win.

    The embedded broker knows no transactions, so there the writer is the plain one.
    """
    writer = "plain" if isinstance(broker, EmbeddedBroker) else "transactional"
    return settings_at(broker.bootstrap, **({"writer": writer} | changes))


def settings_at(address: str, **changes: Any) -> KafkaSettings:
    """Settings for a broker at this address, whether there is one or not; `changes` win."""
    unique = uuid.uuid4().hex[:8]
    own: dict[str, Any] = {
        "bootstrap_servers": (address,),
        "group": f"group-{unique}",
        "calls_topic": f"calls-{unique}",
        "tickets_topic": f"tickets-{unique}",
        "dead_letters_topic": f"dead-letters-{unique}",
        "month_totals_topic": f"month-totals-{unique}",
        "closed_months_topic": f"closed-months-{unique}",
        "snapshots_topic": f"snapshots-{unique}",
        "live_topic": f"live-{unique}",
        "sources_topic": f"sources-{unique}",
        "staffing_topic": f"staffing-{unique}",
        "partitions": 4,
        "replication_factor": 1,
        "writer": "plain",
    }
    return KafkaSettings(**(own | changes))
