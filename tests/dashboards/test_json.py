"""The committed JSON is what the Python builds, and holds nothing that Grafana does not know."""

import json
import warnings
from collections.abc import Set
from typing import Any, Final

import pytest

from dashboards.__main__ import DIRECTORY, files
from tests.dashboards.built import ALL, Json, panels

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # the classic model is deprecated in favour of one of Grafana 12
    from grafana_foundation_sdk.cog import plugins
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import common, dashboard, prometheus

every_dashboard = pytest.mark.parametrize("built", ALL.values(), ids=ALL)

LONGEST_UID: Final = 40
"""Grafana takes no longer ones."""


def test_the_committed_files_are_those_that_are_built() -> None:
    """`make dashboards` writes them anew."""
    committed = {path: path.read_text(encoding="utf-8") for path in sorted(DIRECTORY.glob("*/*"))}
    assert committed == files()


def understood(built: Json) -> Json:
    """What is left of a dashboard after Grafana's own types have read and written it."""
    plugins.register_default_plugins()
    read: Json = json.loads(JSONEncoder().encode(dashboard.Dashboard.from_json(built)))
    return read


def lost(mine: Any, theirs: Any, place: str = "") -> list[str]:
    """The places of what one has and the other has not, or has otherwise."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        missing = [f"{place}.{key}" for key in mine if key not in theirs]
        return missing + [
            each for key in mine.keys() & theirs.keys() for each in lost(mine[key], theirs[key], f"{place}.{key}")
        ]
    if isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        return [
            each for at, pair in enumerate(zip(mine, theirs, strict=True)) for each in lost(*pair, f"{place}[{at}]")
        ]
    return [] if mine == theirs else [place]


@every_dashboard
def test_every_key_is_one_that_grafana_knows(built: Json) -> None:
    """Grafana ignores others without a word."""
    assert lost(built, understood(built)) == []


@pytest.mark.parametrize(
    "place",
    [
        ("refesh",),
        ("panels", 0, "tittle"),
        ("panels", 0, "options", "orientaton"),
        ("panels", 0, "targets", 0, "instnt"),
        ("panels", 0, "fieldConfig", "defaults", "unitt"),
    ],
    ids=lambda place: str(place[-1]),
)
def test_a_key_that_grafana_does_not_know_is_found(place: tuple[str | int, ...]) -> None:
    """The check can fail: it is as strict as it has to be wherever a key can be written wrong."""
    built = json.loads(json.dumps(ALL["nl-wall"]))
    target = built
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = True
    (found,) = lost(built, understood(built))
    assert found.endswith(f".{place[-1]}")


ENUMERATIONS: Final[dict[str, Set[str]]] = {
    "orientation": set(common.VizOrientation),
    "textMode": set(common.BigValueTextMode),
    "colorMode": set(common.BigValueColorMode),
    "graphMode": set(common.BigValueGraphMode),
    "justifyMode": set(common.BigValueJustifyMode),
    "drawStyle": set(common.GraphDrawStyle),
    "showPoints": set(common.VisibilityMode),
    "showValue": set(common.VisibilityMode),
    "displayMode": set(common.LegendDisplayMode),
    "placement": set(common.LegendPlacement),
    "stacking": set(common.StackingMode),
    "cellHeight": set(common.TableCellHeight),
    "format": set(prometheus.PromQueryFormat),
    "editorMode": set(prometheus.QueryEditorMode),
}
"""What Grafana takes for keys whose values it reads as one of a list."""

LISTED_WHERE_MODE: Final[dict[str, Set[str]]] = {
    "tooltip": set(common.TooltipDisplayMode),
    "color": set(dashboard.FieldColorModeId),
    "thresholds": set(dashboard.ThresholdsMode),
}


def members(value: Any, parent: str = "") -> list[tuple[str, str, Any]]:
    """Every key of an object and of what is in it, with the key that it stands under."""
    if isinstance(value, dict):
        return [(parent, key, each) for key, each in value.items()] + [
            found for key, each in value.items() for found in members(each, key)
        ]
    if isinstance(value, list):
        return [found for each in value for found in members(each, parent)]
    return []


@every_dashboard
def test_values_of_lists_are_in_them(built: Json) -> None:
    checked = 0
    for parent, key, value in members(built):
        allowed = LISTED_WHERE_MODE.get(parent) if key == "mode" else ENUMERATIONS.get(key)
        if allowed is not None and isinstance(value, str):
            assert value in allowed, (parent, key)
            checked += 1
    assert checked or built["uid"] == "wachtmonitor-runbook"


TRANSFORMATIONS: Final = {
    "merge": set[str](),
    "organize": {"excludeByName", "indexByName", "renameByName"},
    "sortBy": {"fields", "sort"},
    "groupingToMatrix": {"rowField", "columnField", "valueField", "emptyValue"},
}
"""The options of the transformations that are used, which Grafana's types leave open (its documentation has them)."""

OVERRIDDEN: Final = {
    "unit",
    "decimals",
    "min",
    "max",
    "color",
    "mappings",
    "custom.cellOptions",
    "custom.lineStyle",
    "custom.lineWidth",
}
"""The properties that are overridden, which the types leave open too."""


@every_dashboard
def test_what_the_types_leave_open_is_what_the_documentation_says(built: Json) -> None:
    for panel in panels(built):
        for step in panel.get("transformations", ()):
            assert step["options"].keys() == TRANSFORMATIONS[step["id"]], step["id"]
        for override in panel.get("fieldConfig", {}).get("overrides", ()):
            assert override["matcher"]["id"] in {"byName", "byRegexp", "byFrameRefID"}
            assert {each["id"] for each in override["properties"]} <= OVERRIDDEN


@every_dashboard
def test_a_dashboard_can_be_told_from_others_and_stays_where_it_is(built: Json) -> None:
    assert built["uid"].startswith("wachtmonitor-")
    assert len(built["uid"]) <= LONGEST_UID
    assert "id" not in built, "a number that another Grafana may have given to another dashboard"
    assert not built["editable"], "changes on the screen would be lost at the next start"


@every_dashboard
def test_links_lead_to_every_other_dashboard_and_to_nothing_else(built: Json) -> None:
    paths = [link["url"].partition("?")[0] for link in built["links"]]
    assert sorted(paths) == sorted({f"/d/{other['uid']}" for other in ALL.values()} - {f"/d/{built['uid']}"})
