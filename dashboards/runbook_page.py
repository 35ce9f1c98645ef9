"""The runbook inside Grafana: `runbook.md` as a dashboard, a panel for each section, so that alerts can point to it.

Grafana serves it to whoever may see the alert, on the network that the alert came from, with no other host needed.
"""

import re
from pathlib import Path
from typing import Any, Final

from dashboards.layout import Band, dashboard, stacked
from dashboards.panels import text

UID: Final = "wachtmonitor-draaiboek"
RUNBOOK: Final = Path(__file__).parent / "runbook.md"

_LINE_CHARACTERS: Final = 150
"""What fits on a line of a panel that is as wide as the screen."""
_LINES_IN_ROW: Final = 1.6
"""Lines of text in a row of the grid, less the panel's own head."""


def build() -> dict[str, Any]:
    """The dashboard."""
    bands = [
        Band(_height(body), ((24, text(title, body, "Uit dashboards/runbook.md.")),))
        for title, body in sections(RUNBOOK.read_text("utf-8"))
    ]
    return dashboard(UID, "Wat te doen bij elk alarm.", stacked(bands), since="now-6h", refresh="")


def sections(markdown: str) -> list[tuple[str, str]]:
    """The text before the first heading of the second level, and each such heading with what stands below it."""
    head, *rest = re.split(r"^## ", markdown, flags=re.MULTILINE)
    parted = [section.partition("\n") for section in rest]
    opening = re.sub(r"\A\s*# .*\n", "", head).strip()
    return [("Draaiboek", opening), *((title.strip(), body.strip()) for title, _, body in parted)]


def _height(body: str) -> int:
    lines = sum(1 + len(line) // _LINE_CHARACTERS for line in body.splitlines())
    return 3 + round(lines / _LINES_IN_ROW)
