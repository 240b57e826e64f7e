"""Each gap is asked about twice, with the gaps closed and with all of them open; each states the order that it needs."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tenantry.local import settings
from tenantry.local.gaps import GAPS, in_order
from tenantry.local.patching import GapError
from tests.local.emulator import Emulator
from tests.local.probes import Probe, all_probes
from tools import gaps_table

_PROBES = all_probes()
_every_probe = pytest.mark.parametrize("probe", _PROBES, ids=lambda probe: f"{probe.gap}-{probe.ask.__name__}")
# Shown by tests of their own.
_WITHOUT_PROBE = {"flink.jobs", "aws_lambda.worker_limit", "cognito.srp_arithmetic"}


@_every_probe
def test_the_local_cloud_answers_as_aws_does(emulator: Emulator, probe: Probe) -> None:
    assert probe.ask(emulator) == probe.aws


@_every_probe
def test_the_emulator_alone_does_not(bare_emulator: Emulator, probe: Probe) -> None:
    assert probe.ask(bare_emulator) == probe.ministack


def test_every_gap_has_a_probe() -> None:
    assert {probe.gap for probe in _PROBES} | _WITHOUT_PROBE == set(GAPS)


def test_the_table_in_the_docs_is_of_the_gaps_docstrings() -> None:
    page = gaps_table.PAGE.read_text()
    assert gaps_table.updated(page) == page, "run: python -m tools.gaps_table"


@pytest.fixture(scope="module")
def replacements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """Return which gaps each gap waits for, and which gaps replace each attribute of MiniStack."""
    folder = str(tmp_path_factory.mktemp("ministack"))
    environment = {
        "AWS_ACCESS_KEY_ID": "root",
        "GATEWAY_PORT": "1",
        "STATE_DIR": folder,
        "S3_DATA_DIR": folder,
        settings.FOLDER_VARIABLE: folder,
        settings.INTERPRETER_VARIABLE: sys.executable,
        settings.CREDENTIALS_PORT_VARIABLE: "0",
    }
    command = [sys.executable, "-m", "tests.local.replacements"]
    made = subprocess.run(
        command,
        env={**os.environ, **environment},
        cwd=settings.find_project(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    found: dict[str, dict[str, list[str]]] = json.loads(made.stdout)
    return found


def test_gaps_that_replace_the_same_state_their_order(replacements: dict[str, Any]) -> None:
    after = replacements["after"]

    def earlier_than(gap: str) -> set[str]:
        return set(after[gap]).union(*(earlier_than(name) for name in after[gap]))

    unstated = {
        f"{second} replaces {attribute} after {first}"
        for attribute, gaps in replacements["replaced"].items()
        for first, second in pairwise(gaps)
        if first not in earlier_than(second)
    }
    assert unstated == set()


def test_gaps_state_no_order_without_a_reason(replacements: dict[str, Any]) -> None:
    together = {pair for gaps in replacements["replaced"].values() for pair in pairwise(gaps)}
    stated = {(earlier, gap) for gap, names in replacements["after"].items() for earlier in names}
    assert stated - together == set()


def test_every_gap_replaces_something(replacements: dict[str, Any]) -> None:
    replacing = {gap for gaps in replacements["replaced"].values() for gap in gaps}
    adding = {"cloudformation.event_schemas", "cloudformation.events_archive"}  # resource types that MiniStack lacks
    assert replacing | adding == set(GAPS)


def test_the_order_is_stable_and_has_each_gap_after_those_that_it_names() -> None:
    after = {"s3.policies": ("s3.lifecycle",), "s3.bucket_owner": (), "s3.lifecycle": ()}
    expected = ("s3.bucket_owner", "s3.lifecycle", "s3.policies")
    assert in_order(after) == in_order(dict(reversed(after.items()))) == expected


def test_an_order_of_unknown_gaps_is_an_error() -> None:
    with pytest.raises(GapError, match=r"AFTER of s3\.policies names s3\.policy; gaps are: apigateway\.authorizer"):
        in_order({"s3.policies": ("s3.policy",)})


def test_gaps_that_wait_for_each_other_are_an_error() -> None:
    with pytest.raises(GapError, match=r"wait for each other: s3\.(\w+) -> s3\.\w+ -> s3\.\1\. Remove a name"):
        in_order({"s3.policies": ("s3.lifecycle",), "s3.lifecycle": ("s3.policies",)})


def test_gaps_are_found_by_their_place() -> None:
    folder = Path(settings.__file__).parent / "gaps"
    files = {path.relative_to(folder).with_suffix("") for path in folder.glob("*/*.py") if path.stem != "__init__"}
    assert {".".join(path.parts) for path in files} == set(GAPS)
