"""What stands where, that it fits, and that everybody can read it."""

import re
from itertools import combinations
from typing import Any, Final

import pytest

from dashboards import grafana as drawn
from dashboards.layout import COLUMNS, GAP_PX, ROW_PX
from dashboards.queries import BAD, GOOD, NEUTRAL
from streams.settings import load
from tests.dashboards.built import ALL, ASKING, DASHBOARDS, Asked, Json, asked, panels
from tests.dashboards.frames import field_config

every_dashboard = pytest.mark.parametrize("built", ALL.values(), ids=ALL)
asking_dashboard = pytest.mark.parametrize("built", ASKING.values(), ids=ASKING)

SCREEN_PX: Final = 1080
AROUND_PX: Final = 2 * 16
"""What Grafana leaves free above and below the panels."""
CONTROLS_PX: Final = 48
"""The line of links and lists, which stays on the screen in kiosk mode unless the address hides it."""

MOST_TILES: Final = 8
SMALLEST_NAME_PX: Final = 32
SMALLEST_VALUE_PX: Final = 42

SETTINGS: Final = load(None, {})


@every_dashboard
def test_panels_stay_within_the_columns(built: Json) -> None:
    for panel in built["panels"]:
        at = panel["gridPos"]
        assert at["x"] >= 0
        assert at["w"] > 0
        assert at["h"] > 0
        assert at["x"] + at["w"] <= COLUMNS, panel["title"]


@every_dashboard
def test_no_panel_covers_another(built: Json) -> None:
    for one, other in combinations(built["panels"], 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


def _overlap(one: Json, other: Json) -> bool:
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )


@every_dashboard
def test_bands_are_full(built: Json) -> None:
    """No hole: Grafana would pull panels up into it."""
    covered = sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in built["panels"])
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in built["panels"])
    assert covered == COLUMNS * bottom


@every_dashboard
def test_ids_are_unique_and_in_reading_order(built: Json) -> None:
    assert [panel["id"] for panel in built["panels"]] == list(range(1, len(built["panels"]) + 1))


@every_dashboard
def test_every_panel_has_a_title_and_says_what_it_shows(built: Json) -> None:
    for panel in panels(built):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]


@every_dashboard
def test_no_two_panels_have_the_same_title(built: Json) -> None:
    titles = [panel["title"] for panel in panels(built)]
    assert sorted(set(titles)) == sorted(titles)


@asking_dashboard
def test_labels_are_shown_as_they_are(built: Json) -> None:
    """Grafana would write the year 2022 as 202200 % beside shares."""
    for panel in panels(built):
        overrides = panel["fieldConfig"]["overrides"]
        as_they_are = {
            each["matcher"]["options"]
            for each in overrides
            if {"id": "unit", "value": "string"} in each["properties"]
        }
        for target in panel["targets"]:
            if target["format"] == "table":
                assert set(labels_of(panel)) <= as_they_are, panel["title"]


def labels_of(panel: Json) -> list[str]:
    """The columns of a table that hold labels, by their headings."""
    (organized,) = [step["options"] for step in panel["transformations"] if step["id"] == "organize"]
    renamed = organized["renameByName"].items()
    return [heading for name, heading in renamed if not name.startswith("Value")]


def test_the_wall_has_at_most_eight_tiles_and_does_not_scroll() -> None:
    wall = DASHBOARDS["wall"]
    assert len(wall["panels"]) <= MOST_TILES
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in wall["panels"])
    assert rows * (ROW_PX + GAP_PX) - GAP_PX + AROUND_PX + CONTROLS_PX <= SCREEN_PX


def test_the_wall_is_written_large() -> None:
    for panel in panels(DASHBOARDS["wall"]):
        sizes = panel["options"]["text"]
        assert sizes["titleSize"] >= SMALLEST_NAME_PX, panel["title"]
        assert sizes["valueSize"] >= SMALLEST_VALUE_PX, panel["title"]


@asking_dashboard
def test_every_figure_has_a_unit_and_a_text_where_there_is_none(built: Json) -> None:
    for panel in panels(built):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"], panel["title"]
        assert defaults["noValue"] == drawn.NOTHING
        assert {"match": "null+nan", "result": {"text": drawn.NOTHING, "index": 0}} in [
            mapping["options"] for mapping in defaults["mappings"]
        ]


# Norms come with the data.

NUMBER: Final = re.compile(r"(?<![\w:.])\d+(?:\.\d+)?(?![\w:])")
ARITHMETIC: Final = {"0", "1", "60", "100", "0.01", "0.000001"}
"""Numbers in queries that are no norm: nothing and all of it, seconds in a minute, percent, how names round, and what
is left of a whole number that is not exact in binary."""


@pytest.mark.parametrize("query", asked(), ids=str)
def test_no_query_holds_a_norm(query: Asked) -> None:
    without_texts = re.sub(r'"[^"]*"', "", query.expr)
    assert set(NUMBER.findall(without_texts)) <= ARITHMETIC


@asking_dashboard
def test_no_threshold_is_a_number(built: Json) -> None:
    for panel in panels(built):
        assert [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [None]


def norms_in_words() -> list[str]:
    """Every norm as it could stand in a text."""
    norms, rules = SETTINGS.norms, SETTINGS.rules
    return [
        *(rf"{each.norm_ms // 1000} ?s(econd\w*)?\b" for each in rules.clusters),
        *(rf"{each.norm_ms // 60_000} ?min" for each in rules.clusters if each.norm_ms >= 60_000),
        rf"{norms.service_level_ratio * 100:g} ?%",
        rf"{norms.service_level_seconds} ?s(econd\w*)?\b",
        rf"{norms.missed_ratio * 100:g} ?%",
        rf"{rules.lead_norm_days} ?(werkdagen|working days|jours ouvrables)",
    ]


@asking_dashboard
def test_no_text_holds_a_norm(built: Json) -> None:
    for text in (WINDOW.sub("", each) for each in texts(built)):
        assert not [norm for norm in norms_in_words() if re.search(rf"(?<!\d){norm}", text)], text


def texts(value: Any) -> list[str]:
    """Titles, descriptions, names and mapped texts."""
    if isinstance(value, dict):
        own = [each for key, each in value.items() if key in WORDS and isinstance(each, str)]
        return own + [text for each in value.values() for text in texts(each)]
    return [text for each in value for text in texts(each)] if isinstance(value, list) else []


WINDOW: Final = re.compile(r"(?<=, )\d+ min$")
"""The name of a rolling window at the end of a series' name, which may be as long as some norm."""

WORDS: Final = {"title", "description", "legendFormat", "text"}


# Colours.


def colours(value: Any) -> list[str]:
    """Every colour that is named."""
    if isinstance(value, dict):
        own = [each for key, each in value.items() if key in ("color", "fixedColor") and isinstance(each, str)]
        return own + [colour for each in value.values() for colour in colours(each)]
    return [colour for each in value for colour in colours(each)] if isinstance(value, list) else []


@asking_dashboard
def test_colours_are_those_that_colour_blind_people_tell_apart(built: Json) -> None:
    allowed = {"transparent", *drawn.SERIES, drawn.VERMILLION, drawn.NORM, drawn.CALM, drawn.SLATE}
    assert set(colours(built)) <= allowed


def luminance(colour: str) -> float:
    """Relative luminance of a colour, as WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, as WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("behind", [drawn.VERMILLION, drawn.CALM, drawn.SLATE])
def test_large_white_text_can_be_read_on_every_tile(behind: str) -> None:
    assert contrast("#FFFFFF", behind) >= 3


def test_a_broken_norm_is_lighter_than_a_kept_one() -> None:
    """Brightness alone tells them apart, for who sees no colour at all."""
    assert contrast(drawn.VERMILLION, drawn.CALM) >= 2


@asking_dashboard
def test_the_colour_of_a_broken_norm_stands_beside_its_sign_alone(built: Json) -> None:
    for panel in panels(built):
        config = panel["fieldConfig"]
        assert drawn.VERMILLION not in colours(config["defaults"])
        for override in config["overrides"]:
            if drawn.VERMILLION in colours(override):
                assert override["matcher"]["options"] == f"/^{BAD}/" or BAD in " ".join(texts(override["properties"]))


@asking_dashboard
def test_curves_of_different_queries_differ_in_their_dashes_too(built: Json) -> None:
    for panel in panels(built):
        if panel["type"] == "timeseries" and panel["fieldConfig"]["defaults"]["color"]["mode"] == "fixed":
            drawn_as = [
                field_config(panel, target["legendFormat"], target["refId"])["custom"].get("lineStyle")
                for target in panel["targets"]
            ]
            assert not [one for one, other in combinations(drawn_as, 2) if one == other], panel["title"]


def test_a_sign_begins_the_name_of_every_judged_figure() -> None:
    signs = {GOOD, BAD, NEUTRAL}
    assert len(signs) == 3
    judged = [query for query in asked() if f'"{BAD}"' in query.expr]
    assert len(judged) > 8
    for query in judged:
        assert query.target["legendFormat"].startswith("{{sign}} "), str(query)
