"""Metrics and settings that the pages name are there."""

import re

from streams.serve.metrics.catalogue import catalogue
from streams.settings.reference import rows
from tests.docs.pages import PAGES

WRITTEN_BY_HAND = {path: page for path, page in PAGES.items() if "/reference/" not in path and path != "CHANGELOG.md"}


def test_every_metric_that_is_named_is_in_the_catalogue() -> None:
    """`wachtmonitor_x`, whole, outside the names of recording rules."""
    known = {metric.name for metric in catalogue()}
    named = {
        name
        for page in WRITTEN_BY_HAND.values()
        for name in re.findall(r"(?<![\w:])wachtmonitor_[a-z_]+(?![\w:])", page)
    }
    assert len(named) > 5
    assert named - known == set()


def test_every_key_that_is_named_with_its_table_is_a_setting() -> None:
    """As "`day` in `[closing]`"."""
    known = {(row.table, row.key) for row in rows()}
    named = {
        (table, key)
        for page in WRITTEN_BY_HAND.values()
        for key, table in re.findall(r"`(\w+)`\s+in\s+`(\[\w+\])`", page)
    }
    assert len(named) >= 5
    assert named - known == set()
