"""The HTML report in a real Chromium: on a screen, and on paper."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from streams.months.report.page import as_html
from streams.months.report.report import build_report
from streams.sources.simulation import SimulationPlan, simulate_day
from streams.words import Language
from tests.browser import chromium
from tests.core.builders import ms
from tests.months.making import lier, sources_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

NOW: Final = ms("2026-11-24 12:00")
PAGES: Final = [f"{language.value}-{period}" for language in Language for period in ("2026-10", "2026")]
A4_PIXELS: Final = {"width": 695, "height": 1010}
"""What A4 leaves between the margins of the page, at 96 pixels to the inch."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests."""
    async with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The reports of October and of 2026, of a simulated city, as files in each language."""
    dutch = lier()
    days = [date(2026, 8, 31) + timedelta(days=offset) for offset in range(0, 61, 4)]
    plan = SimulationPlan(calls_per_day=120)
    events: list[Any] = [event for day in days for event in simulate_day(plan, dutch.rules, day, 7)]
    sources = sources_of(events, dutch, now_ms=NOW)
    folder = tmp_path_factory.mktemp("reports")
    for language in Language:
        settings = msgspec.structs.replace(dutch, language=language)
        for period in ("2026-10", "2026"):
            page = as_html(build_report(sources, period, settings, NOW))
            (folder / f"{language.value}-{period}.html").write_text(page, encoding="utf-8")
    return {each: folder / f"{each}.html" for each in PAGES}


async def opened(browser: Browser, file: Path, complaints: list[str], **size: int) -> Page:
    """The file in a tab of its own; what the page complains of and asks for is noted."""
    page = await browser.new_page(viewport={"width": size["width"], "height": size["height"]})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != file.as_uri() else None)
    await page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("period", PAGES)
async def test_on_a_television(browser: Browser, pages: dict[str, Path], period: str) -> None:
    """No complaint, no request, nothing wider than the screen, every chart drawn with its bars."""
    complaints: list[str] = []
    page = await opened(browser, pages[period], complaints, width=1920, height=1080)
    assert complaints == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.locator("script").count() == 0
    charts = page.locator("svg")
    assert await charts.count() == 5
    for index in range(5):
        assert await charts.nth(index).locator("rect.bar").count() > 0
    await page.close()


@pytest.mark.parametrize("period", PAGES)
async def test_on_paper(browser: Browser, pages: dict[str, Path], period: str) -> None:
    """On A4 nothing is cut off at the side, and nothing overlaps its neighbour in a table."""
    complaints: list[str] = []
    page = await opened(browser, pages[period], complaints, **A4_PIXELS)
    await page.emulate_media(media="print")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    too_wide = await page.evaluate(
        "[...document.querySelectorAll('td,th')].filter(e => e.scrollWidth > e.clientWidth+1).map(e => e.innerText)"
    )
    assert too_wide == []
    printed = await page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed or b"/MediaBox [0 0 595" in printed  # A4 in points
    assert complaints == []
    await page.close()


@pytest.mark.parametrize("period", PAGES)
async def test_charts_keep_their_texts_apart(browser: Browser, pages: dict[str, Path], period: str) -> None:
    """No figure above a bar runs into the next one, and none lies outside its chart."""
    page = await opened(browser, pages[period], [], width=1920, height=1080)
    overlaps = await page.evaluate(
        """[...document.querySelectorAll('svg')].flatMap(svg => {
            const frame = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll('text.figure')].map(each => each.getBoundingClientRect());
            return texts.filter((box, index) =>
                box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 ||
                (index > 0 && box.left < texts[index - 1].right && box.top < texts[index - 1].bottom
                    && box.bottom > texts[index - 1].top)).map(box => svg.getAttribute('aria-label'));
        })"""
    )
    assert overlaps == []
    await page.close()
