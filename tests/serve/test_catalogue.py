"""The catalogue says what every metric means, in the ways of Prometheus."""

import pytest

from streams.serve.metrics.catalogue import catalogue, label_meanings
from streams.serve.metrics.metric import PREFIX, Aggregation, Kind, Metric
from streams.serve.metrics.reference import catalogue_markdown

every_metric = pytest.mark.parametrize("metric", catalogue(), ids=lambda metric: metric.name)


def test_no_two_metrics_share_a_name() -> None:
    names = [metric.name for metric in catalogue()]
    assert sorted(set(names)) == sorted(names)


@every_metric
def test_a_name_begins_with_the_prefix_and_ends_with_total_only_for_counters(metric: Metric) -> None:
    assert metric.name.startswith(PREFIX)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)


@every_metric
def test_a_definition_is_one_sentence(metric: Metric) -> None:
    assert metric.help.endswith(".")
    assert ". " not in metric.help
    assert not set(metric.help) & {"\n", "|"}, "a definition stands in one line of the exposition and of a table"


@every_metric
def test_what_grows_is_summed_over_workers(metric: Metric) -> None:
    """A counter or a histogram of which only the largest counted would lose the other workers' events."""
    assert metric.kind is Kind.GAUGE or metric.aggregation is Aggregation.SUM


def test_every_label_that_is_used_is_explained_and_no_other() -> None:
    assert {label for metric in catalogue() for label in metric.labels} == set(label_meanings())


@every_metric
def test_the_docs_have_a_row_for_each_metric_with_its_definition(metric: Metric) -> None:
    (row,) = [line for line in catalogue_markdown().splitlines() if line.startswith(f"| `{metric.name}` |")]
    assert metric.help in row
    assert all(f"`{label}`" in row for label in metric.labels)


def test_every_row_of_the_docs_has_the_cells_of_its_head() -> None:
    cells = 0
    for line in catalogue_markdown().splitlines():
        if not line.startswith("|"):
            cells = 0
            continue
        cells = cells or line.count("|")
        assert line.count("|") == cells, line
