"""The page of the indicators names each of them as the screens do."""

from pathlib import Path

import pytest

from streams.channels import indicators
from streams.core.indicators import Measure
from streams.words import Language, plain, words_of

_PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "indicators.md"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("indicator", indicators(), ids=lambda each: each.name)
def test_each_indicator_has_the_name_that_the_screens_have(indicator: Measure, language: Language) -> None:
    name = plain(words_of(language)(indicator.words_key))
    assert name in _PAGE.read_text(encoding="utf-8")
