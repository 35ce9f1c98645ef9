"""The runbook in Grafana: every section of the Markdown is a panel, and nothing of it is lost."""

from dashboards import runbook_page
from dashboards.runbook_page import sections


def test_a_section_is_what_stands_below_a_heading_of_the_second_level() -> None:
    markdown = "# Titel\n\nVooraf.\n\n## Eerste\n\nEen.\n\n### Onderdeel\n\nDiep.\n\n## Tweede\nTwee.\n"
    assert sections(markdown) == [
        ("Draaiboek", "Vooraf."),
        ("Eerste", "Een.\n\n### Onderdeel\n\nDiep."),
        ("Tweede", "Twee."),
    ]


def test_every_line_of_the_runbook_is_on_the_page() -> None:
    panels = runbook_page.build()["panels"]
    shown = {line for panel in panels for line in (f"## {panel['title']}", *panel["options"]["content"].splitlines())}
    lines = runbook_page.RUNBOOK.read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if line and not line.startswith("# ")} <= shown


def test_long_sections_have_high_panels() -> None:
    heights = {panel["title"]: panel["gridPos"]["h"] for panel in runbook_page.build()["panels"]}
    lengths = {panel["title"]: panel["options"]["content"].count("\n") for panel in runbook_page.build()["panels"]}
    assert heights[max(lengths, key=lengths.__getitem__)] == max(heights.values())
