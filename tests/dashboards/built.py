"""The dashboards as they are built, and what the tests look at in them."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from dashboards import health, month, runbook_page, team, wall

Json = dict[str, Any]

DASHBOARDS: Final[dict[str, Json]] = {
    module.UID.removeprefix("wachtmonitor-"): module.build() for module in (wall, team, month, health)
}
"""Those that ask Prometheus, by their short names."""

ALL: Final[dict[str, Json]] = {**DASHBOARDS, "draaiboek": runbook_page.build()}


class Asked(NamedTuple):
    """One query of one panel."""

    dashboard: str
    panel: str
    target: Json

    @property
    def expr(self) -> str:
        """The query, with the variables of its dashboard."""
        text: str = self.target["expr"]
        return text

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}, {self.target['refId']}"


def panels(dashboard: Json) -> Iterator[Json]:
    """The panels that show something, without headings."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel


def asked() -> list[Asked]:
    """Every query of every panel."""
    return [
        Asked(name, panel["title"], target)
        for name, dashboard in DASHBOARDS.items()
        for panel in panels(dashboard)
        for target in panel.get("targets", ())
    ]


def with_values(expr: str, chosen: dict[str, str]) -> str:
    """An expression as Grafana sends it, with the values of the variables in it."""
    for name, value in chosen.items():
        expr = expr.replace(f"${name}", value)
    return expr
