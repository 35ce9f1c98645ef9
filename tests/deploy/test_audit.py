"""No locked package has a known vulnerability; and where nobody can be asked, the summary of the tests says so."""

from collections.abc import Callable

import msgspec
import pytest

from tests.deploy.audit import Answer, Dependency, Vulnerability, audit, read_answer

GOOD = Dependency("click", "8.3.1")
BAD = Dependency("requests", "2.19.0", (Vulnerability("PYSEC-2018-28", ("2.20.0",)),))
SKIPPED = Dependency("faust-streaming", skip_reason="Dependency not found on PyPI")


def answering(**answers: Answer) -> Callable[[str], Answer]:
    return answers.__getitem__


def test_no_locked_package_has_a_known_vulnerability() -> None:
    found = audit()
    assert not found.vulnerable, found.text()
    if not found.audited:
        pytest.skip(found.text())
    assert not found.unknown, found.text()


def test_a_known_vulnerability_is_told_with_what_mends_it() -> None:
    found = audit(answering(pypi=Answer("pypi", (GOOD, BAD))))
    assert found.vulnerable == ("requests 2.19.0: PYSEC-2018-28, mended in 2.20.0",)
    assert "vulnerable: requests 2.19.0" in found.text()


def test_the_second_service_is_asked_where_the_first_does_not_know() -> None:
    found = audit(answering(pypi=Answer("pypi", (SKIPPED, SKIPPED)), osv=Answer("osv", (GOOD, BAD))))
    assert (found.audited, len(found.vulnerable)) == (2, 1)


def test_a_package_that_nobody_knows_is_named() -> None:
    found = audit(answering(pypi=Answer("pypi", (GOOD, SKIPPED)), osv=Answer("osv", failure="osv: no network")))
    assert found.unknown == ("faust-streaming",)
    assert found.text().endswith("NOT AUDITED: faust-streaming")


def test_that_nobody_could_be_asked_is_no_clean_bill() -> None:
    silent = answering(pypi=Answer("pypi", (SKIPPED,)), osv=Answer("osv", failure="osv: no network"))
    text = audit(silent).text()
    assert text.startswith("NOT AUDITED: no source of advisories could be asked")
    assert "Dependency not found on PyPI; osv: no network" in text


def test_what_pip_audit_prints_is_read() -> None:
    printed = {"dependencies": [msgspec.to_builtins(GOOD) | {"other": 1}, msgspec.to_builtins(BAD)], "fixes": []}
    answer = read_answer("pypi", msgspec.json.encode(printed).decode(), "")
    assert answer == Answer("pypi", (GOOD, BAD))
    assert read_answer("osv", "", "Traceback\nConnectionError: nobody\n").failure == "osv: ConnectionError: nobody"
