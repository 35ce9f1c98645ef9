"""Settings that keep the tests on one broker apart from each other."""

import uuid
from typing import Any

import msgspec

from streams.runtime.embedded import BrokerProcess, EmbeddedBroker
from streams.settings import KafkaSettings, load


def kafka_settings(broker: BrokerProcess, **changes: Any) -> KafkaSettings:
    """The default settings with this broker's address and with a group and topics that nobody else uses.

    The embedded broker knows no transactions, so there the writer is the plain one. `changes` win over all of it.
    """
    unique = uuid.uuid4().hex[:8]
    own: dict[str, Any] = {
        "bootstrap_servers": (broker.bootstrap,),
        "group": f"group-{unique}",
        "calls_topic": f"calls-{unique}",
        "tickets_topic": f"tickets-{unique}",
        "dead_letters_topic": f"dead-letters-{unique}",
        "month_totals_topic": f"month-totals-{unique}",
        "replication_factor": 1,
        "writer": "plain" if isinstance(broker, EmbeddedBroker) else "transactional",
    }
    return msgspec.structs.replace(load(None, {}).kafka, **(own | changes))
