"""Columns of tables whose values are shown as words: verdicts, bounds, reasons, channels; named by their codes."""

from collections.abc import Mapping

from dashboards.grafana import SKY_BLUE, VERMILLION, Json
from dashboards.panels import column, override, text_for_nothing, texts
from dashboards.queries import BAD, GOOD, LONGER
from streams.words.message import message


def verdict_column(code: str) -> Json:
    """A column of 0 and 1 that says whether a norm is kept."""
    says = {"0": {"text": message("grafana-kept", sign=GOOD), "color": SKY_BLUE, "index": 0}}
    says["1"] = {"text": message("grafana-broken", sign=BAD), "color": VERMILLION, "index": 1}
    return override(
        "byName",
        column(code),
        mappings=[{"type": "value", "options": says}, text_for_nothing()],
        custom_cellOptions={"type": "color-text"},
    )


def bounds_column(code: str) -> Json:
    """A column of speed categories, whose bounds come with zeros before them so that they sort."""
    up_to = {"pattern": "^0*([0-9]+)$", "result": {"text": message("grafana-up-to"), "index": 0}}
    mappings = [{"type": "regex", "options": up_to}, texts({LONGER: message("grafana-longer")})]
    return override("byName", column(code), mappings=mappings)


def words_column(code: str, keys: Mapping[str, str]) -> Json:
    """A column of codes, shown as the messages of their keys."""
    return override("byName", column(code), mappings=[texts({each: message(key) for each, key in keys.items()})])
