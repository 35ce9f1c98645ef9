"""The runbook inside Grafana: Markdown as a dashboard, a panel for each section, so that alerts can point to it.

Grafana serves it to whoever may see the alert, on the network that the alert came from, with no other host needed.
"""

import re
from pathlib import Path
from typing import Final

from dashboards.grafana import Json
from dashboards.layout import Band, dashboard
from dashboards.panels import text
from streams.words import Language
from streams.words.message import message

_LINE_CHARACTERS: Final = 150
"""What fits on a line of a panel that is as wide as the screen."""
_LINES_IN_ROW: Final = 1.6
"""Lines of text in a row of the grid, less the panel's own head."""


def runbook(language: Language) -> str:
    """The runbook in a language, as Markdown."""
    return (Path(__file__).parent / f"{language.value}.md").read_text(encoding="utf-8")


def build(language: Language) -> Json:
    """The dashboard."""
    source = message("grafana-runbook-source", file=f"dashboards/runbook/{language.value}.md")
    bands = [Band(_height(body), ((24, text(title, body, source)),)) for title, body in sections(runbook(language))]
    return dashboard("runbook", bands, since="now-6h", refresh="")


def sections(markdown: str) -> list[tuple[str, str]]:
    """The heading of the first level with what stands below it, and each of the second level with what is its own."""
    parted = [section.partition("\n") for section in re.split(r"^##? ", markdown, flags=re.MULTILINE)[1:]]
    return [(title.strip(), body.strip()) for title, _, body in parted]


def _height(body: str) -> int:
    lines = sum(1 + len(line) // _LINE_CHARACTERS for line in body.splitlines())
    return 3 + round(lines / _LINES_IN_ROW)
