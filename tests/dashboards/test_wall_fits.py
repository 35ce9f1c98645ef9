"""The wall in a real Chromium: every name and value fits its tile, at figures far larger than a day brings."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize

from dashboards.queries import BAD, Query
from dashboards.wall import queries as wall
from streams.core.rules import Channel, Cluster
from streams.settings import load
from streams.words import Language
from tests.browser import chromium
from tests.dashboards.built import BUILT
from tests.dashboards.preview import page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CLUSTERS: Final = load(None, {}).rules.clusters
LINE_VALUES: Final[dict[Query, float]] = {
    wall.LINE_WAITING: 99,
    wall.LINE_LONGEST: 3_599,
    wall.LINE_AVERAGE_SHORT: 999.9,
    wall.LINE_AVERAGE_DAY: 999.9,
    wall.LINE_SERVICE_LEVEL_DAY: 1.0,
    wall.LINE_MISSED_DAY: 999,
    wall.LINE_MISSED_SHARE_DAY: 1.0,
}
FEED_AGE: Final = wall.FEED_AGE.expr.partition(" * ")[0]
"""What the query begins with; it ends with words of the language."""
DESK_MINUTES: Final = 59.9
SILENT_SECONDS: Final = 9_999

SCREEN: Final = ViewportSize(width=1920, height=1080)

OVERFLOWING: Final = """
() => [...document.querySelectorAll('.cell')]
    .filter(cell => cell.scrollWidth > cell.clientWidth || cell.scrollHeight > cell.clientHeight)
    .map(cell => cell.innerText)
"""
SCROLLS: Final = "() => document.documentElement.scrollHeight > innerHeight"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests."""
    async with chromium() as started:
        yield started


def extreme(target: dict[str, Any]) -> list[dict[str, Any]]:
    """The largest answer to a query of the wall that its tile has to hold."""
    expr = target["expr"]
    for query, value in LINE_VALUES.items():
        if query.expr == expr:
            return [_series(cluster, value) for cluster in CLUSTERS if cluster.channel is Channel.PHONE]
    if expr == wall.DESK_HEADINGS[0].expr:
        return [{"metric": {}, "value": (0, 0.0)}]
    if expr.startswith(FEED_AGE):
        words = re.findall(r'"words", "([^"]+)"', expr)
        return [{"metric": {"sign": BAD, "words": source}, "value": (0, SILENT_SECONDS)} for source in words]
    if expr == wall.MONITOR_STOPPED.expr:
        return []  # then there is no worker that the other figures could come from
    return [_series(cluster, DESK_MINUTES) for cluster in CLUSTERS if cluster.channel is Channel.DESK]


def _series(cluster: Cluster, value: float) -> dict[str, Any]:
    share = 60_000 if cluster.channel is Channel.DESK else 1_000
    labels = {"sign": BAD, "norm": f"{cluster.norm_ms / share:g}", "bound": "30", "waiting": "99"}
    return {"metric": {"cluster": cluster.name, **labels}, "value": (0, value)}


def stopped(target: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers while no worker runs."""
    return [{"metric": {}, "value": (0, 0.0)}] if target["expr"] == wall.MONITOR_STOPPED.expr else []


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("answers", [extreme, stopped])
async def test_every_tile_holds_its_words(browser: Browser, answers: Any, language: Language) -> None:
    tab = await browser.new_page(viewport=SCREEN)
    await tab.set_content(page(BUILT[language]["wall"], answers))
    assert await tab.locator(".cell").count() >= 1
    assert await tab.evaluate(OVERFLOWING) == []
    assert not await tab.evaluate(SCROLLS)
    await tab.close()


async def test_a_tile_that_is_too_small_is_found(browser: Browser) -> None:
    """The check can fail."""
    tab = await browser.new_page(viewport=SCREEN)
    content = page(BUILT[Language.DUTCH]["wall"], extreme)
    await tab.set_content(re.sub(r"font-size:64px", "font-size:188px", content))
    assert await tab.evaluate(OVERFLOWING)
    await tab.close()
