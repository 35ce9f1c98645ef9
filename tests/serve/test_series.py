"""One more count of a tally is one more line: its metrics, rules and rows in the docs follow, as its sums do."""

from typing import Annotated, Any, ClassVar

import msgspec
import pytest
import yaml
from prometheus_client.metrics_core import HistogramMetricFamily

from dashboards.rules.write import rule_files
from streams.channels import counted
from streams.channels.calls.counts import BY_CATEGORY, CALLS, PhoneTally
from streams.channels.visits.counts import DeskTally
from streams.core.counts import BY_REASON, NONE, SECONDS, SERVED, Count, Shown, Tally, Terms, Unit
from streams.serve.metrics import catalogue
from streams.serve.metrics.exposition import Families
from streams.serve.metrics.metric import Page
from streams.serve.metrics.reference import catalogue_markdown
from streams.serve.metrics.series import series
from tests.core.builders import RULES

TERMS = Terms(RULES, 30_000)
WINDOW, MONTH = ("KCC", "phone", "15m"), ("KCC", "phone", "2026", "2026-10")
LATENCY = HistogramMetricFamily(catalogue.EVENT_LATENCY.name, catalogue.EVENT_LATENCY.help)


class WithTransfers(PhoneTally, gc=False, omit_defaults=True):
    """Calls, and those of them that an employee passed on: the line that all tests here are about."""

    transferred: Annotated[int, Count(CALLS, "Calls that an employee passed on in the {period}.")] = 0


@pytest.fixture
def one_more_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The telephone's tally is the one with the count more."""
    monkeypatch.setattr(counted, "tallies", lambda: (WithTransfers, DeskTally))


def exposed(page: Page, over: Shown, tally: Tally, labels: tuple[str, ...]) -> list[str]:
    """The lines of a page with the series of one tally."""
    families = Families(page)
    for each in series(over, tally, labels, TERMS):
        families.add(*each)
    return families.text({LATENCY.name: LATENCY}).decode().splitlines()


def test_it_is_added() -> None:
    total, other = WithTransfers(answered=2, transferred=1), WithTransfers(answered=3, transferred=2)
    total.add(other)
    assert (total.answered, total.transferred) == (5, 3)
    total.add_without_sketch(other)
    assert total.transferred == 5


def test_it_comes_back_from_a_checkpoint_and_is_0_in_one_of_before() -> None:
    written = msgspec.msgpack.encode({"KCC": WithTransfers(answered=2, transferred=1)})
    assert msgspec.msgpack.decode(written, type=dict[str, WithTransfers])["KCC"].transferred == 1
    before = msgspec.msgpack.encode({"KCC": PhoneTally(answered=2)})
    assert msgspec.msgpack.decode(before, type=dict[str, WithTransfers]) == {"KCC": WithTransfers(answered=2)}


@pytest.mark.usefixtures("one_more_count")
def test_it_is_a_metric_of_windows_and_of_months() -> None:
    tally = WithTransfers(transferred=4)
    live, months = exposed(Page.LIVE, Shown.WINDOW, tally, WINDOW), exposed(Page.MONTHS, Shown.MONTH, tally, MONTH)
    assert "# HELP wachtmonitor_transferred_calls Calls that an employee passed on in the window." in live
    assert 'wachtmonitor_transferred_calls{channel="phone",cluster="KCC",window="15m"} 4.0' in live
    assert "# HELP wachtmonitor_month_transferred_calls Calls that an employee passed on in the month." in months
    line = 'wachtmonitor_month_transferred_calls{channel="phone",cluster="KCC",month="2026-10",year="2026"} 4.0'
    assert line in months


@pytest.mark.usefixtures("one_more_count")
def test_it_is_added_up_over_workers_by_a_rule() -> None:
    rules = {name: yaml.safe_load(text)["groups"][0]["rules"] for name, text in rule_files().items()}
    assert {
        "record": "cluster_window:wachtmonitor_transferred_calls:sum",
        "expr": "sum by (cluster, channel, window) (wachtmonitor_transferred_calls)",
    } in rules["figures.yml"]
    months = {rule["record"]: rule["expr"] for rule in rules["months.yml"]}
    others = months["cluster_month:wachtmonitor_month_missed_calls:sum"]
    assert "wachtmonitor_closed_month_missed_calls" in others
    own = others.replace("missed_calls", "transferred_calls")
    assert months["cluster_month:wachtmonitor_month_transferred_calls:sum"] == own


@pytest.mark.usefixtures("one_more_count")
def test_the_docs_have_its_rows() -> None:
    text = catalogue_markdown()
    assert "| `wachtmonitor_transferred_calls` | gauge | sum |" in text
    assert "| `wachtmonitor_month_transferred_calls` | gauge | sum |" in text


def test_without_it_there_is_none_of_that() -> None:
    assert "transferred" not in catalogue_markdown() + "".join(rule_files().values())


class ChatTally(Tally, gc=False, omit_defaults=True):
    """A third channel, which counts the served ones as others do, and something of its own."""

    title: ClassVar[str] = "chats"

    answered: Annotated[int, Count(Unit("chats"), "Chats answered.", metric=SERVED)] = 0
    typed_ms: Annotated[int, Count(SECONDS, "Sum of how long people typed.", Shown.WINDOW)] = 0
    closed: Annotated[dict[str, int], Count(Unit("chats"), "Chats closed, by reason.", Shown.MONTH, by=BY_REASON)] = (
        NONE
    )


def test_a_third_channel_shares_what_all_count_and_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted, "tallies", lambda: (PhoneTally, DeskTally, ChatTally))
    sections = catalogue.sections()
    shared = {metric.name: metric.help for metric in sections["Over a window: all channels"]}
    assert shared["wachtmonitor_served_contacts"] == (
        "Calls answered, or visitors with an appointment received, or chats answered."
    )
    assert [metric.name for metric in sections["Over a window: chats"]] == ["wachtmonitor_typed_seconds"]
    assert "wachtmonitor_month_closed_chats" in {metric.name for metric in catalogue.on_page(Page.MONTHS)}
    assert "wachtmonitor_closed_chats" not in {metric.name for metric in catalogue.on_page(Page.LIVE)}


def values(over: Shown, tally: Tally, name: str, terms: Terms = TERMS) -> dict[tuple[str, ...], Any]:
    """The series of one metric by the labels that tell them apart."""
    found = series(over, tally, (), terms)
    return {labels: value for metric, labels, value in found if metric.name == f"wachtmonitor_{name}"}


def test_parts_are_there_at_0_and_those_of_former_settings_too() -> None:
    """An old month was counted by them, and its calls must not go missing."""
    tally = PhoneTally(speed_categories={30_000: 2, 45_000: 1})
    expected = {("30",): 2, ("45",): 1, ("60",): 0, ("90",): 0, ("120",): 0, ("300",): 0, ("+Inf",): 0}
    assert values(Shown.MONTH, tally, "month_speed_category_calls") == expected
    assert list(values(Shown.MONTH, tally, "month_speed_category_calls")) == [
        (BY_CATEGORY.text(bound),) for bound in sorted({*BY_CATEGORY.keys(RULES), 45_000})
    ]


def test_the_service_level_is_that_of_the_terms() -> None:
    tally = PhoneTally(speed_categories={30_000: 2, 60_000: 3, 90_000: 4})
    assert values(Shown.WINDOW, tally, "within_service_level_calls") == {(): 2}
    assert values(Shown.WINDOW, tally, "within_service_level_calls", Terms(RULES, 60_000)) == {(): 5}


def test_waits_are_in_seconds_and_days_in_days() -> None:
    assert values(Shown.WINDOW, PhoneTally(wait_ms=1_500), "wait_seconds") == {(): 1.5}
    assert values(Shown.MONTH, DeskTally(lead_days=7), "month_lead_workdays") == {(): 7}
