"""What a forge and its visitors expect: a workflow, hooks, a changelog, each as its readers read them."""

import re
import subprocess
import sys
from typing import Any

import yaml

from tests.docs.pages import PAGES, ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
HOOKS = ROOT / ".pre-commit-config.yaml"


def test_the_workflow_is_one_that_forges_read() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_runs_what_anybody_can_run() -> None:
    """Nothing is checked by the forge alone."""
    (job,) = _yaml(WORKFLOW)["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_hooks_run_what_lint_runs() -> None:
    """In the same order, with the same options, and with the tools that make installs."""
    (local,) = _yaml(HOOKS)["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        assert set(hook) == {"id", "name", "entry", "language", "pass_filenames"}
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
    recipe = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--assume-old=.venv/dev.stamp", "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [hook["entry"] for hook in local["hooks"]] == recipe.stdout.splitlines()


def test_the_changelog_says_what_was_added_changed_and_fixed_and_what_operators_must_do() -> None:
    """The form of https://keepachangelog.com, with what must be done first."""
    changelog = PAGES["CHANGELOG.md"]
    versions = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert versions
    for version in versions:
        assert re.match(r"\[?(Unreleased|\d+\.\d+\.\d+)\]?( - \d{4}-\d{2}-\d{2})?\n", version), version[:40]
        headings = re.findall(r"^### (.+)", version, re.MULTILINE)
        assert headings[0] == "What an operator must do"
        assert set(headings[1:]) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def _yaml(path: Any) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
