"""Another spelling of a cluster counts for it, as long as it can be no other one's, and is told apart."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.channels.calls.events import AnyCallEvent, CallDecoder, Offered
from streams.contracts.batch import Batch
from streams.contracts.rejections import Reason
from streams.contracts.spelling import SPELLINGS_REMEMBERED, Repair, Repaired, Spellings
from tests.contracts.decoders import EARLIEST_MS, FUTURE_TOLERANCE_MS, PLAN_AHEAD_MS, STEADY

NOW_MS = 1_717_149_600_000
NAMES = ("Bevolking één", "OCMW Noord", "Loket a", "Loket A")
ALIASES = {"Contactcenter": "OCMW Noord"}
SPELLINGS = Spellings(NAMES, ALIASES)


def decoder() -> CallDecoder:
    """Of the names and aliases above."""
    return CallDecoder(
        clusters=frozenset(NAMES),
        aliases=ALIASES,
        earliest_ms=EARLIEST_MS,
        future_tolerance_ms=FUTURE_TOLERANCE_MS,
        plan_ahead_ms=PLAN_AHEAD_MS,
    )


def decoded(*clusters: str) -> Batch[AnyCallEvent]:
    """A batch of a call for each."""
    calls = [Offered(f"c{number}", cluster, NOW_MS / 1000) for number, cluster in enumerate(clusters)]
    keys = [call.call_id.encode() for call in calls]
    batch: Batch[AnyCallEvent] = decoder().decode_batch(
        keys, list(map(msgspec.json.encode, calls)), [NOW_MS] * len(calls)
    )
    return batch


@pytest.mark.parametrize(
    ("came", "name", "repair"),
    [
        (unicodedata.normalize("NFD", "Bevolking één"), "Bevolking één", Repair.UNICODE),
        ("Bevolking\u00a0één", "Bevolking één", Repair.SPACES),
        (" OCMW \t\u2003Noord\r\n", "OCMW Noord", Repair.SPACES),
        (unicodedata.normalize("NFD", " Bevolking één"), "Bevolking één", Repair.SPACES),
        ("bevolking EEN".replace("E", "É", 2), "Bevolking één", Repair.CASE),
        ("ocmw\u00a0noord", "OCMW Noord", Repair.CASE),
        ("Contactcenter", "OCMW Noord", Repair.ALIAS),
        ("contactCENTER ", "OCMW Noord", Repair.CASE),
        (" Loket a", "Loket a", Repair.SPACES),
    ],
)
def test_another_spelling_counts_for_the_cluster_and_is_told_apart(came: str, name: str, repair: Repair) -> None:
    assert SPELLINGS.repaired(came) == Repaired(came, name, repair)


@pytest.mark.parametrize(
    "came",
    [
        "LOKET A",  # two clusters differ by that
        "loket\u00a0A",
        "OCMWNoord",
        "OCMW\u200bNoord",  # no space, and not to be seen
        "\ufeffOCMW Noord",
        "Bevolking een",
        "",
    ],
)
def test_what_may_be_another_cluster_or_none_is_not_repaired(came: str) -> None:
    assert SPELLINGS.repaired(came) is None


def test_the_memory_of_spellings_is_bounded() -> None:
    spellings = Spellings(["OCMW Noord"])
    for count in range(2 * SPELLINGS_REMEMBERED):
        assert spellings.repaired(f"OCMW{' ' * (count + 2)}Noord") is not None
    assert len(spellings._remembered) <= SPELLINGS_REMEMBERED


_SPACES = st.text(st.sampled_from(" \t\n\u00a0\u2003\u202f\u3000"), min_size=1, max_size=4)


@STEADY
@given(st.sampled_from([*NAMES, *ALIASES]), st.sampled_from(["NFC", "NFD"]), _SPACES, _SPACES)
def test_neither_spaces_nor_how_accents_are_made_up_change_the_cluster(
    name: str, form: Literal["NFC", "NFD"], between: str, around: str
) -> None:
    came = around + unicodedata.normalize(form, name).replace(" ", between) + around
    found = SPELLINGS.repaired(came)
    assert found is not None
    assert found.name == ALIASES.get(name, name)


@STEADY
@given(st.text(max_size=30))
def test_nothing_is_repaired_that_has_other_letters(came: str) -> None:
    found = SPELLINGS.repaired(came)
    if found is not None:
        letters = {"".join(each.casefold().split()) for each in (*NAMES, *ALIASES)}
        assert "".join(unicodedata.normalize("NFC", came).casefold().split()) in letters


@pytest.mark.parametrize("others", [(), ("Zwembad",), ("Bevolking één",)], ids=["alone", "refused", "not-ascii"])
def test_the_event_that_goes_on_has_the_settings_name_however_its_batch_is_decoded(others: Sequence[str]) -> None:
    batch = decoded("OCMW Noord", "contactcenter", "OCMW  Noord", "Contactcenter", "Contactcenter", *others)
    assert [event.cluster for event in batch.events[:5]] == ["OCMW Noord"] * 5
    assert batch.repaired == {
        Repaired("contactcenter", "OCMW Noord", Repair.CASE): 1,
        Repaired("OCMW  Noord", "OCMW Noord", Repair.SPACES): 1,
        Repaired("Contactcenter", "OCMW Noord", Repair.ALIAS): 2,
    }
    assert [each.rejection.reason for each in batch.rejected] == [Reason.UNKNOWN_CLUSTER] * ("Zwembad" in others)


def test_an_event_that_is_refused_for_something_else_counts_for_no_repair() -> None:
    value = msgspec.json.encode(Offered("c", "contactcenter", 1.0))
    batch = decoder().decode_batch([b"c"], [value], [NOW_MS])
    assert [each.rejection.reason for each in batch.rejected] == [Reason.TIME_TOO_EARLY]
    assert batch.repaired == {}
