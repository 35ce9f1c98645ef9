"""Which clusters stand on the wall together: each on one page and one alone, none fuller than is legible."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.commands.check.finding import Status
from streams.commands.check.wall import wall_finding
from streams.core.rules import Channel, Cluster
from streams.serve.wall.pages import (
    GAP_UNITS,
    PAGE_UNITS,
    ROW_UNITS,
    TABLE_UNITS,
    TILE_UNITS,
    TILES_MAX,
    TURN_SECONDS,
    Shown,
    pages_of,
    turn_seconds,
)
from streams.serve.wall.payload import WallPart
from streams.settings import load
from streams.words import Language, words_of

CHANNELS = st.lists(st.builds(Shown, st.sampled_from(["tiles", "table"]), st.integers(0, 120)), max_size=4)


def height(page: tuple[WallPart, ...]) -> float:
    """What the parts of a page need."""
    parts = [
        TILE_UNITS * each.count if each.form == "tiles" else TABLE_UNITS + ROW_UNITS * each.count for each in page
    ]
    return sum(parts) + GAP_UNITS * (len(parts) - 1)


@pytest.mark.parametrize(
    ("lines", "desks", "pages"),
    [(1, 6, 0), (1, 8, 0), (1, 9, 2), (1, 27, 4), (4, 24, 4), (40, 360, 45), (400, 0, 45)],
)
def test_so_many_clusters_take_so_many_pages(lines: int, desks: int, pages: int) -> None:
    assert len(pages_of([Shown("tiles", lines), Shown("table", desks)])) == pages


@given(CHANNELS)
def test_every_cluster_stands_on_one_page_in_the_order_of_the_settings(channels: list[Shown]) -> None:
    pages = pages_of(channels)
    places = [
        (part.channel, number)
        for page in pages
        for part in page
        for number in range(part.first, part.first + part.count)
    ]
    every = [(index, number) for index, each in enumerate(channels) for number in range(each.clusters)]
    assert places == (every if pages else [])


@given(CHANNELS)
def test_no_page_is_fuller_than_is_legible(channels: list[Shown]) -> None:
    for page in pages_of(channels):
        assert page
        assert height(page) <= PAGE_UNITS
        assert all(
            part.count == 1 and channels[part.channel].clusters <= TILES_MAX for part in page if part.form == "tiles"
        )


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("verdict", ["within-norm", "norm-reached", "above-norm", "below-norm"])
def test_a_verdict_begins_with_the_sign_that_stands_for_it_on_pages(verdict: str, language: Language) -> None:
    sign, said = words_of(language)(f"wall-{verdict}").split(" ", 1)
    assert len(sign) == 1
    assert not sign.isalnum()
    assert said


@pytest.mark.parametrize(
    ("desks", "status", "told"),
    [
        (6, Status.GOOD, "shows all 7 clusters at once"),
        (27, Status.GOOD, "28 clusters are legible from 5 m on 4 pages in turn, 10 s each: a turn takes 40 s; "),
        (
            399,
            Status.NOTE,
            "400 clusters are legible from 5 m on 45 pages in turn, 10 s each: a turn takes 7.5 minutes; ",
        ),
    ],
)
def test_check_says_how_many_pages_the_settings_make(desks: int, status: Status, told: str) -> None:
    rules = load(None, {}).rules
    clusters = (Cluster("Lijn", Channel.PHONE, 1), *(Cluster(f"L{each}", Channel.DESK, 1) for each in range(desks)))
    found = wall_finding(msgspec.structs.replace(rules, clusters=clusters))
    assert (found.status, found.text[: len(told)]) == (status, told)


def test_a_turn_takes_ten_seconds_a_page() -> None:
    assert turn_seconds(()) == TURN_SECONDS
    assert turn_seconds(pages_of([Shown("table", 360)])) == 40 * TURN_SECONDS
