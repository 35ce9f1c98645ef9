"""The runbook in Grafana: every section of the Markdown is a panel, and nothing of it is lost."""

import pytest

from dashboards.runbook.page import build, runbook, sections
from streams.words import Language


def test_a_section_is_what_stands_below_a_heading_of_the_first_or_second_level() -> None:
    markdown = "# Titel\n\nVooraf.\n\n## Eerste\n\nEen.\n\n### Onderdeel\n\nDiep.\n\n## Tweede\nTwee.\n"
    assert sections(markdown) == [
        ("Titel", "Vooraf."),
        ("Eerste", "Een.\n\n### Onderdeel\n\nDiep."),
        ("Tweede", "Twee."),
    ]


@pytest.mark.parametrize("language", Language)
def test_every_line_of_the_runbook_is_on_the_page(language: Language) -> None:
    panels = build(language)["panels"]
    shown = {line for panel in panels for line in (panel["title"], *panel["options"]["content"].splitlines())}
    lines = [line.removeprefix("# ").removeprefix("## ") for line in runbook(language).splitlines()]
    assert {line for line in lines if line} <= shown


def test_long_sections_have_high_panels() -> None:
    panels = build(Language.DUTCH)["panels"]
    heights = {panel["title"]: panel["gridPos"]["h"] for panel in panels}
    lengths = {panel["title"]: panel["options"]["content"].count("\n") for panel in panels}
    assert heights[max(lengths, key=lengths.__getitem__)] == max(heights.values())


@pytest.mark.parametrize("language", Language)
def test_the_runbook_is_divided_alike_in_every_language(language: Language) -> None:
    """The same sections with the same steps, so that no language says less."""
    steps = [
        [line[:2] for line in body.splitlines() if line[:1].isdigit()] for _, body in sections(runbook(language))
    ]
    dutch = sections(runbook(Language.DUTCH))
    assert steps == [[line[:2] for line in body.splitlines() if line[:1].isdigit()] for _, body in dutch]
