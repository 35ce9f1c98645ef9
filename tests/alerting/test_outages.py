"""Nothing false is told while Prometheus, the workers, Kafka or Grafana are away, nor when they come back.

One of the replays of `make alarms`, which does all of them, of Kafka, workers and Grafana too, on five days.
"""

from datetime import date
from typing import Final

import pytest

from streams.settings import load
from tests.alerting.outages import BUSY, Outage, Outcome, outcomes
from tests.alerting.replay import simulated_days
from tests.alerting.truth import Trouble
from tests.deploy.tools import needs

TOLD: Final = {
    Outage(Trouble.BLIND, 5): {"monitor-down"},
}
"""What is told of each, and true."""


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> dict[Outage, Outcome]:
    """Each of them on a day of its own."""
    needs("prometheus")
    needs("promtool")
    settings = load(None, {})
    days = simulated_days(settings, date(2026, 10, 5), len(TOLD), BUSY)
    found = outcomes(settings, days, list(TOLD), tmp_path_factory.mktemp("outages"))
    return {each.outage: each for each in found}


@pytest.mark.parametrize("outage", TOLD, ids=lambda outage: f"{outage.trouble.name}-{outage.minutes}")
def test_what_is_told_of_an_outage_is_true_and_over_in_time(replayed: dict[Outage, Outcome], outage: Outage) -> None:
    outcome = replayed[outage]
    assert [(each.alarm.uid, each.firing) for each in outcome.false] == []
    assert [(each.alarm.uid, each.firing) for each in outcome.lasting] == []
    assert {each.alarm.uid for each in outcome.told} == TOLD[outage]
