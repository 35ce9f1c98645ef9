"""The benchmark's own arithmetic is right: events, expected sums, spreads, latencies, tables."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streams.channels.calls.events import CallDecoder
from streams.channels.visits.events import TicketDecoder
from streams.contracts.events import instant_ms
from streams.contracts.rejections import Rejection
from streams.core.rules import Channel
from tests.bench.__main__ import MARKERS, PAGE, with_summary
from tests.bench.events import LIER_DESKS, LIER_PHONE, Load, events
from tests.bench.filling import Sums, Windows
from tests.bench.folding import DISPLACED_EVENTS, disordered
from tests.bench.latency import Seen, latencies
from tests.bench.peers.watch import Job, Watch
from tests.bench.report import Figure, Results, Target, markdown, number, table
from tests.bench.scraping import Scrape
from tests.bench.settings import settings
from tests.bench.spreads import Spread, growth, percentile, spread
from tests.bench.systems import WrongResultError, check_windows

START_MS = 1_791_187_200_000
"""Monday 5 October 2026, 10:00 in Brussels."""
LOAD = Load(5_000, START_MS)


@pytest.mark.parametrize("rfc_3339", [False, True])
def test_events_are_valid_as_many_as_asked_for_and_by_time(rfc_3339: bool) -> None:
    limits: dict[str, Any] = {"earliest_ms": 0, "future_tolerance_ms": 0, "plan_ahead_ms": 86_400_000}
    decoders: dict[Channel, Any] = {
        Channel.PHONE: CallDecoder(clusters=frozenset(LIER_PHONE), **limits),
        Channel.DESK: TicketDecoder(clusters=frozenset(LIER_DESKS), **limits),
    }
    made = list(events(LOAD._replace(rfc_3339=rfc_3339)))
    assert len(made) == LOAD.size
    assert [event.at_ms for event in made] == sorted(event.at_ms for event in made)
    for event in made:
        decoded = decoders[event.channel](event.key, event.value, event.at_ms)
        assert not isinstance(decoded, Rejection), (decoded, event)
        assert (decoded.cluster, instant_ms(decoded.at)) == (event.cluster, event.at_ms)
    kinds = Counter(event.kind for event in made)
    assert kinds.keys() == {"offered", "answered", "abandoned", "requested", "arrived", "started", "finished"}
    assert 100 < sum(len(event.value) for event in made) / len(made) < (145 if rfc_3339 else 125)


def test_the_same_load_makes_the_same_events_and_another_seed_others() -> None:
    assert list(events(LOAD)) == list(events(LOAD)) != list(events(LOAD._replace(seed=2)))


def windows() -> Windows:
    found = Windows(300, 60)
    for event in events(LOAD):
        found.add(event)
    return found


def test_expected_windows_equal_a_plain_count() -> None:
    made, start_ms = list(events(LOAD)), START_MS + 600_000
    for cluster in (*LIER_PHONE, *LIER_DESKS):
        holds = [e.hold for e in made if e.cluster == cluster and start_ms <= e.at_ms < start_ms + 300_000]
        assert windows().by_window()[cluster, start_ms] == Sums(len(holds), sum(holds), max(holds))
    assert sum(sums.count for sums in windows().by_cluster().values()) == LOAD.size


def test_a_peer_with_a_wrong_or_missing_window_is_not_timed() -> None:
    expected = windows()
    right = [(*key, sums.count, sums.total, sums.longest) for key, sums in expected.by_window().items()]
    check_windows("peer", right, expected)
    cluster, start, count, total, longest = right[0]
    with pytest.raises(WrongResultError, match="1 windows are wrong, 0 missing"):
        check_windows("peer", [(cluster, start, count - 1, total, longest), *right[1:]], expected)
    with pytest.raises(WrongResultError, match="0 windows are wrong, 1 missing"):
        check_windows("peer", right[1:], expected)
    over = [window for window in right if expected.is_over(*window[:2])]
    assert len(over) < len(right)
    check_windows("peer", over, expected)


def test_a_watch_counts_from_the_warm_up_to_the_last_event(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch(Job("", "", 10, 0.2, 300, 60))
    assert [watch.tick() for _ in range(10)] == [False] * 9 + [True]
    assert watch.seconds > 0
    watch.report([])
    assert '"events": 8' in capsys.readouterr().out
    with pytest.raises(SystemExit, match="expected 10 events, got 0"):
        Watch(Job("", "", 10, 0.2, 300, 60)).report([])


def test_a_spread_is_the_median_between_least_and_most() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    assert spread([4.0, 2.0]).middle == 3.0


def test_growth_is_that_of_the_costliest_turn_by_turn() -> None:
    """A slow turn slows all of its cases, and says nothing of them."""
    first, dearer, dearest = [1.0, 2.0, 1.0], [1.1, 2.2, 1.1], [1.2, 2.4, 1.3]
    assert growth([first, dearer, dearest]) == Spread(1.2, 1.2, 1.3)
    assert growth([first, [0.5, 1.0, 0.5]]) == Spread(1.0, 1.0, 1.0)


def test_a_percentile_is_the_smallest_value_that_its_share_does_not_exceed() -> None:
    hundred = list(range(1, 101))
    assert [percentile(hundred, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]
    assert percentile([7.0], 0.99) == 7.0


def test_latency_runs_from_when_a_record_was_due_to_the_first_look_that_shows_it() -> None:
    home = ("calls", 0)
    seen = [Seen(at, {home: 100 + applied}) for at, applied in ((10.0, 0), (10.1, 2), (10.2, 2), (10.3, 5))]
    due = [("calls", 0, 2, 10.05), ("calls", 0, 3, 10.06), ("calls", 0, 5, 10.25)]
    found = latencies(due, {home: 100}, seen, warm_up_seconds=0.0)
    assert found == pytest.approx([0.05, 0.05, 0.24, 0.05, 0.05])
    assert latencies(due, {home: 100}, seen, warm_up_seconds=0.1) == pytest.approx([0.05, 0.05])


def test_disorder_moves_and_repeats_the_share_asked_for() -> None:
    made = list(events(LOAD))
    assert disordered(made, 0.0, 1) == made
    found = disordered(made, 0.5, 1)
    counts = Counter(found)
    assert counts.keys() == set(made)
    assert 0.45 < sum(count == 2 for count in counts.values()) / len(made) < 0.55
    backwards = sum(second.at_ms < first.at_ms for first, second in pairwise(found))
    assert 0.2 < backwards / len(found) < 0.6
    assert len(made) < DISPLACED_EVENTS


def test_samples_of_a_scrape_are_those_of_the_metric_alone() -> None:
    text = '# HELP a_total x\n# TYPE a_total counter\na_total{p="0"} 1.0\na_total{p="1"} 2.0\na_total_b{p="0"} 9.0\n'
    scrape = Scrape(0.0, 0.0, text)
    assert [(sample.labels, sample.value) for sample in scrape.samples("a_total")] == [
        ('{p="0"}', 1.0),
        ('{p="1"}', 2.0),
    ]
    assert (scrape.total("a_total"), scrape.largest("a_total"), scrape.known("b")) == (3.0, 2.0, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123, "0.0123"),
        (2.5, "2.5"),
        (99.94, "99.9"),
        (382_417, "382,000"),
        (1_234, "1,230"),
        (456.7, "457"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_limit_itself_is_enough() -> None:
    assert Target("", 0.5, 0.5, at_least=True).met
    assert not Target("", 0.5, 0.49, at_least=True).met
    assert Target("", 2.0, 2.0, at_least=False).met
    assert not Target("", 2.0, 2.01, at_least=False).met


def test_the_report_says_plainly_what_is_not_met() -> None:
    results = Results(
        about=[("machine", "two cores")],
        figures=[Figure("Throughput", "worker", "events/s", Spread(1.0, 2.0, 3.0), "a | b")],
        targets=[Target("times Bytewax", 3, 2.9, at_least=True)],
        failures=["scrape: TimeoutError"],
    )
    lines = markdown(results).splitlines()
    assert "- machine: two cores" in lines
    assert "- **failed**: scrape: TimeoutError" in lines
    assert "| times Bytewax | at least 3 | 2.9      | **no** |" in lines
    assert "| worker | events/s | 2      | 1     | 3    | a \\| b |" in lines
    assert table(("a", "b"), [("1", "22222")]) == "| a   | b     |\n| --- | ----- |\n| 1   | 22222 |"


def test_the_readme_takes_the_results_between_its_markers() -> None:
    results = Results(
        about=[("machine", "two cores"), ("run", "today")],
        figures=[Figure("Throughput", "worker", "events/s", Spread(1.0, 2.0, 3.0))],
        targets=[Target("times Bytewax", 3, 3, at_least=True)],
    )
    start, end = MARKERS
    written = with_summary(f"before\n{start}\nold\n{end}\nafter\n", results)
    assert written.startswith(f"before\n{start}\nOn two cores (today):\n")
    assert "| worker | 2        | 1 to 3       |" in written
    assert "| times Bytewax | at least 3 | 3        | yes |" in written
    assert written.endswith(f"{end}\nafter\n")
    assert "old" not in written
    assert with_summary(written, results) == written
    assert all(PAGE.read_text(encoding="utf-8").count(marker) == 1 for marker in MARKERS)


def test_the_settings_of_the_benchmark_are_valid_and_have_its_clusters(tmp_path: Path) -> None:
    """They are cut out of the packaged file, whose comments may name any of its tables."""
    phone, desks = ["Phone 1", "Phone 2"], ["Desk 1"]
    assert [cluster.name for cluster in settings(tmp_path, phone, desks).rules.clusters] == [*phone, *desks]
