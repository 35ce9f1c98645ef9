"""One is said as one, and French keeps its signs on the line of the word before them."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from streams.months.report.wording import Wording
from streams.words import Language, words_of

_RUNBOOK = Path(__file__).parents[2] / "dashboards" / "runbook" / "fr.md"


@pytest.mark.parametrize(
    ("key", "values", "dutch", "english", "french"),
    [
        (
            "report-status-behind",
            {"count": 1},
            "Toen was 1 bericht nog niet verwerkt: dat ontbreekt.",
            "At that moment 1 record had not been processed: it is missing.",
            "À ce moment, 1 message n'était pas encore traité\N{NO-BREAK SPACE}: il manque.",
        ),
        (
            "report-silent-more",
            {"feed": "x", "hours": "y", "more": 1},
            "Stil bij de x: y en nog 1 andere keer.",
            "Silent hours of the x: y and 1 other time.",
            "Silence des x\N{NO-BREAK SPACE}: y et encore 1 autre fois.",
        ),
        (
            "wall-desk-visits",
            {"served": 1, "walkins": 1, "noshows": 1},
            "vandaag 1 op afspraak, 1 zonder afspraak, 1 niet gekomen",
            "today 1 with an appointment, 1 walk-in, 1 no-show",
            "aujourd'hui 1 sur rendez-vous, 1 sans rendez-vous, 1 absent",
        ),
        ("contacts-of-visitor-wait", {"count": 1}, "1 bezoeker", "1 visitor", "1 visiteur"),
        ("contacts-of-missed-share", {"count": 1}, "1 oproep", "1 call", "1 appel"),
        ("contacts-of-lead-time", {"count": 1}, "1 aanvraag", "1 request", "1 demande"),
    ],
)
def test_one_is_said_as_one(key: str, values: dict[str, int | str], dutch: str, english: str, french: str) -> None:
    assert [words_of(language)(key, **values) for language in Language] == [dutch, english, french]


@pytest.mark.parametrize(
    ("value", "decimals", "dutch", "english", "french"),
    [
        (1, 0, "1 werkdag", "1 working day", "1 jour ouvrable"),
        (1, 1, "1,0 werkdagen", "1.0 working days", "1,0 jour ouvrable"),
        (5, 0, "5 werkdagen", "5 working days", "5 jours ouvrables"),
    ],
)
def test_working_days_agree_with_their_number_as_it_is_written(
    value: int, decimals: int, dutch: str, english: str, french: str
) -> None:
    said = [Wording(words_of(language)).workdays(value, decimals) for language in Language]
    assert said == [dutch, english, french]


@pytest.mark.parametrize(
    "alarm",
    [
        "partitions-without-worker",
        "monitor-behind",
        "source-refused",
        "records-rejected",
        "records-lost",
        "partitions-doubled",
        "labels-renamed",
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_number_that_grafana_fills_in_agrees_with_no_word(alarm: str, language: Language) -> None:
    """Grafana knows no plurals, so the number comes last."""
    values = {"topic": "calls"} if alarm != "labels-renamed" else {}
    assert words_of(language)(f"alarm-{alarm}-summary", count="N", **values).endswith(" N.")


def test_french_has_no_plain_space_before_a_sign() -> None:
    catalogues = files("streams.words").joinpath("fr").iterdir()
    texts = [file.read_text(encoding="utf-8") for file in (*catalogues, _RUNBOOK)]
    lines = [line for text in texts for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if re.search(r" [:;?!%]", line)] == []
