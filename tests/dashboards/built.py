"""The dashboards as they are built, and what the tests look at in them."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from dashboards.__main__ import build
from streams.words import Language

Json = dict[str, Any]

BUILT: Final[dict[Language, dict[str, Json]]] = {language: build(language) for language in Language}
"""The dashboards in each language, by their keys."""

ALL: Final[dict[str, Json]] = {
    f"{language.value}-{key}": each for language, built in BUILT.items() for key, each in built.items()
}
"""All of them, in all languages."""
ASKING: Final = {name: each for name, each in ALL.items() if not name.endswith("-runbook")}
"""Those that ask Prometheus, in all languages."""

DASHBOARDS: Final = {key: each for key, each in BUILT[Language.DUTCH].items() if key != "runbook"}
"""The same in one language: queries are the same in all."""


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
