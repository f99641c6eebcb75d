"""Workflows of CI: what they run is pinned, and what may sign or publish runs nothing of ours."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
JOBS: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
ALLOWED_TO_SIGN = {"attest", "publish"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_and_names_its_version(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if re.search(r"\buses:", line)]
    assert lines
    pinned = re.compile(r"\s*(?:- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in lines if not pinned.fullmatch(line)] == []


def test_one_version_of_an_action_is_one_commit() -> None:
    text = "".join(path.read_text() for path in WORKFLOWS)
    pins = set(re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (v\S+)", text))
    assert len({(action, version) for action, _, version in pins}) == len(pins)
    assert len({action for action, _, _ in pins}) == len(pins)


def permissions(job: dict[str, Any]) -> dict[str, str]:
    """Return the permissions of a job, which names its own."""
    granted: dict[str, str] = job["permissions"]
    return granted


def test_only_jobs_that_sign_may_have_an_identity_and_they_run_nothing() -> None:
    may = {name for name, job in JOBS.items() if "id-token" in permissions(job)}
    assert may == ALLOWED_TO_SIGN
    for name in may:
        uses = [step["uses"].partition("@")[0] for step in JOBS[name]["steps"]]
        assert set(uses) <= {
            "actions/download-artifact",
            "actions/attest-build-provenance",
            "actions/attest-sbom",
            "pypa/gh-action-pypi-publish",
        }


def test_only_the_job_that_makes_the_release_may_write_and_it_checks_nothing_out() -> None:
    may = {name for name, job in JOBS.items() if permissions(job).get("contents") == "write"}
    assert may == {"release"}
    assert "actions/checkout" not in str(JOBS["release"])


def is_upload_of_a_distribution(step: dict[str, Any]) -> bool:
    """Return whether a step hands on what is published."""
    uploads = step.get("uses", "").startswith("actions/upload-artifact@")
    return uploads and step["with"]["name"].startswith("dist-")


def test_releases_are_built_with_pinned_tools_only() -> None:
    makers = [job for job in JOBS.values() if any(map(is_upload_of_a_distribution, job["steps"]))]
    assert makers
    for job in makers:
        assert permissions(job) == {"contents": "read"}
        commands = "\n".join(step.get("run", "") for step in job["steps"])
        assert ".ci/run" not in commands
        assert all("--require-hashes" in line for line in re.findall("pip install.*", commands))


def test_nothing_is_signed_before_all_checks_have_passed() -> None:
    before = set(JOBS) - {"attest", "publish", "release"}
    assert set(JOBS["attest"]["needs"]) == before
    assert JOBS["publish"]["needs"] == "attest"


@pytest.mark.parametrize("tools", ["build", "wheels"])
def test_tools_that_build_are_pinned_by_hash(tools: str) -> None:
    text = (ROOT / ".ci" / f"{tools}.txt").read_text()
    _, *requirements = re.split(r"\n(?=[a-z])", text)
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    wanted = re.findall(r"^[a-z]+", (ROOT / ".ci" / f"{tools}.in").read_text(), re.MULTILINE)
    assert all(re.search(rf"^{name}==", text, re.MULTILINE) for name in wanted)


def test_every_python_of_the_classifiers_is_tested_on_every_system() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    promised = set(re.findall(r"Python :: (3\.\d+)'", str(project["classifiers"])))
    smoke = jobs["smoke"]["strategy"]["matrix"]
    tested = {"3.11", *jobs["tests"]["strategy"]["matrix"]["python"], *smoke["python"]}
    assert promised <= tested
    assert {name.split("-")[0] for name in smoke["os"]} == {"ubuntu", "windows", "macos"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.stem
)
def test_every_file_of_github_is_yaml(path: Path) -> None:
    assert yaml.safe_load(path.read_text())
