"""What visitors and ticket systems do in practice, through a worker on Kafka: each is counted as what it is."""

from pathlib import Path
from random import Random

from streams.channels.visits.counts import DeskTally
from streams.core.rules import Channel
from streams.kafka.embedded import BrokerProcess
from tests.brokers.topics import kafka_settings
from tests.cases.refusing import Fact, send, working
from tests.runtime.workers import month_totals, settle


def fact(kind: str, ticket: str, at: str, cluster: str = "Burgerzaken", plan: str = "") -> Fact:
    """A fact at a local time of May 2025."""
    said: Fact = {"type": kind, "ticket_id": ticket, "cluster": cluster, "at": f"2025-05-{at}:00+02:00"}
    return said | ({"planned_at": f"2025-05-{plan}:00+02:00"} if plan else {})


LEFT_WHILE_WAITING = [
    fact("requested", "gone", "02T09:00", plan="06T14:00"),
    fact("arrived", "gone", "06T14:10"),
    fact("cancelled", "gone", "06T14:35"),
    fact("requested", "off", "02T09:00", plan="06T14:00"),
    fact("cancelled", "off", "05T16:00"),
]
"""25 minutes sat out by one visitor; the other called off the day before."""

OLD_PLAN_ON_ARRIVAL = [
    fact("requested", "moved", "02T09:05", plan="07T09:00"),
    fact("requested", "moved", "05T09:00", plan="07T09:30"),
    fact("arrived", "moved", "07T09:20", plan="07T09:00"),
    fact("started", "moved", "07T09:32"),
]
"""2 minutes late: the plan of the latest request counts."""

EARLY = [
    fact("requested", "early", "02T09:10", plan="07T16:00"),
    fact("started", "early", "07T09:00"),
]
"""On time, seven hours early."""

SECOND_DESK = [
    fact("arrived", "onward", "07T10:00"),
    fact("started", "onward", "07T10:03"),
    fact("finished", "onward", "07T10:12"),
    fact("arrived", "onward", "07T10:15", "OCMW"),
    fact("started", "onward", "07T10:35", "OCMW"),
]
"""3 minutes at the first desk, 20 at the second."""

NUMBERS_ANEW = [
    fact(kind, "C7", at)
    for day, clocks in (("12", ("09:00", "09:06")), ("13", ("09:30", "09:38")), ("14", ("11:00", "11:16")))
    for kind, at in (
        ("arrived", f"{day}T{clocks[0]}"),
        ("started", f"{day}T{clocks[1]}"),
        ("finished", f"{day}T{clocks[1][:2]}:55"),
    )
]
"""Three visitors with one number, on three days: 6, 8 and 16 minutes."""


async def test_visits_of_practice_are_counted_as_what_they_are(apache_kafka: BrokerProcess, tmp_path: Path) -> None:
    """Shuffled, and some of it twice: the month is what it would be in order."""
    kafka = kafka_settings(apache_kafka, partitions=1)
    facts = [*LEFT_WHILE_WAITING, *OLD_PLAN_ON_ARRIVAL, *EARLY, *SECOND_DESK, *NUMBERS_ANEW]
    shuffled = Random(16).sample([*facts, *facts[::3]], len(facts) + len(facts[::3]))
    await send(kafka, shuffled)
    async with working(kafka, tmp_path / "log") as worker:
        await settle(kafka, [worker])
    totals = await month_totals(kafka)
    first, second = (totals["2025-05", Channel.DESK, cluster] for cluster in ("Burgerzaken", "OCMW"))
    assert isinstance(first, DeskTally)
    minute = 60_000
    assert (first.left, first.left_wait_ms, first.cancelled) == (1, 25 * minute, 1)
    assert (first.served, first.wait_ms, first.signed_ms) == (2, 2 * minute, (2 - 7 * 60) * minute)
    assert (first.walk_ins, first.walk_in_wait_ms) == (4, (3 + 6 + 8 + 16) * minute)
    assert (first.reused_ids, first.unclear_ids, first.excluded) == (2, 0, {})
    assert second == DeskTally(onward=1, onward_wait_ms=20 * minute)
