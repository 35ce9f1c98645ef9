"""What one scrape keeps for the next is never shown when it no longer holds."""

from collections.abc import Mapping

import pytest
from prometheus_client.metrics_core import HistogramMetricFamily

from streams.serve.metrics import catalogue
from streams.serve.metrics.exposition import Families, Written
from streams.serve.metrics.metric import Metric, Page

KEY = ("Loket",)
LABELS = ("Loket", "desk")
LATENCY = HistogramMetricFamily(catalogue.EVENT_LATENCY.name, catalogue.EVENT_LATENCY.help)
COUNT, LONGEST = catalogue.WAITING_CONTACTS, catalogue.LONGEST_WAIT


def scrape(written: Written, source: object = None, values: Mapping[Metric, float] | None = None) -> list[str]:
    """The series of a page with one group, made of `source`, or with none."""
    page = Families(Page.LIVE, written)

    def add_all() -> None:
        assert values is not None, "asked again although nothing has changed"
        for metric, value in values.items():
            page.add(metric, LABELS, value)

    if source is not None:
        page.add_group(KEY, source, add_all)
    text = page.text({catalogue.EVENT_LATENCY.name: LATENCY}).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def line(metric: Metric, value: str) -> str:
    """A series of the group as it is written."""
    return f'{metric.name}{{channel="desk",cluster="Loket"}} {value}'


def test_a_group_of_the_same_source_is_written_again_without_being_asked() -> None:
    written = Written()
    first = scrape(written, "one", {COUNT: 3, LONGEST: 1.5})
    assert scrape(written, "one") == first == [line(COUNT, "3.0"), line(LONGEST, "1.5")]


def test_a_series_that_a_group_has_lost_is_gone_and_comes_back_with_it() -> None:
    written = Written()
    scrape(written, "somebody waits", {COUNT: 1, LONGEST: 1.5})
    assert scrape(written, "nobody", {COUNT: 0}) == [line(COUNT, "0.0")]
    assert scrape(written, "nobody") == [line(COUNT, "0.0")]
    assert scrape(written, "again", {COUNT: 1, LONGEST: 2}) == [line(COUNT, "1.0"), line(LONGEST, "2.0")]


def test_a_group_that_a_scrape_has_not_is_gone_and_is_asked_anew() -> None:
    written = Written()
    scrape(written, "one", {COUNT: 3})
    assert scrape(written) == []
    assert scrape(written, "one", {COUNT: 4}) == [line(COUNT, "4.0")]


def test_a_group_that_could_not_be_written_keeps_nothing_of_the_attempt() -> None:
    written = Written()
    scrape(written, "one", {COUNT: 3, LONGEST: 1})
    page = Families(Page.LIVE, written)

    def add_half() -> None:
        page.add(COUNT, LABELS, 4)
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        page.add_group(KEY, "two", add_half)
    assert scrape(written, "one") == [line(COUNT, "3.0"), line(LONGEST, "1.0")]
