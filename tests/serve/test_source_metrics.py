"""What the follower of a source serves: its metrics in the terms of the catalogue, and its health."""

from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from streams.contracts.rejections import Reason
from streams.core.rules import Channel
from streams.live.followed import Followed
from streams.serve.metrics.catalogue import on_page
from streams.serve.metrics.followed import SourceMetrics
from streams.serve.metrics.metric import Page
from streams.serve.wall.payload import HealthPayload
from streams.serve.web import create_source_web
from tests.serve.observing import complaints

KNOWN = Followed(
    source="kcc",
    channels=(Channel.PHONE,),
    connected=True,
    why="",
    since_ms=1_700_000_000_000,
    facts={(Channel.PHONE, "offered"): 5, (Channel.PHONE, "answered"): 0},
    refused={(Channel.PHONE, "unknown_cluster"): 2},
    left_out={"no_cluster": 1},
    filled=3,
    last_fact_ms=1_700_000_001_500,
    written_ms=1_700_000_002_000,
)


def test_the_catalogue_and_the_exposition_name_the_same_metrics() -> None:
    text = SourceMetrics(lambda: [KNOWN]).render()
    exposed = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(text.decode())
    }
    assert set(exposed) == {metric.name for metric in on_page(Page.FOLLOWER)}
    for metric in on_page(Page.FOLLOWER):
        labels = {frozenset(sample.labels) for sample in exposed[metric.name].samples}
        assert (exposed[metric.name].type, labels) == (metric.kind.value, {frozenset(metric.labels)})
    assert b'wachtmonitor_source_facts_total{channel="phone",source="kcc",type="answered"} 0.0\n' in text
    assert b'wachtmonitor_source_last_fact_timestamp_seconds{source="kcc"} 1700000001.5\n' in text
    assert complaints(text) == ""


async def test_health_is_that_of_the_source() -> None:
    shown = [KNOWN]
    web = create_source_web(
        metrics=SourceMetrics(lambda: shown).render, health=lambda: HealthPayload(problems=shown[0].problems())
    )
    async with TestClient(TestServer(web)) as client:
        assert (await client.get("/health")).status == 200
        shown[0] = Followed(
            source="kcc",
            channels=(Channel.PHONE,),
            connected=False,
            why="the exchange does not answer",
            since_ms=0,
            trouble="no answer within 15 s",
        )
        answer = await client.get("/health")
        assert (answer.status, answer.headers["Cache-Control"]) == (503, "no-store")
        assert (await answer.json())["problems"] == [
            "source kcc is not connected: the exchange does not answer",
            "source kcc: Kafka takes no facts at this moment: no answer within 15 s. They wait, none is lost",
        ]
        metrics = await (await client.get("/metrics")).text()
    assert 'wachtmonitor_source_connected{source="kcc"} 0.0' in metrics
    assert "wachtmonitor_source_last_fact_timestamp_seconds{" not in metrics, "what is unknown is absent"


def test_what_the_settings_refuse_is_said_with_what_to_do() -> None:
    refused, left_out = KNOWN.notes()
    assert refused.startswith("source kcc: the settings refuse 2 facts of phone as unknown_cluster: ")
    assert refused.endswith(Reason.UNKNOWN_CLUSTER.remedy)
    assert left_out == "source kcc: left out since its start: 1 no_cluster"
