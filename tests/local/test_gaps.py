"""Each gap is closed, and is one: the same question, asked with the gaps closed and with all of them open."""

import importlib

import pytest

from tenantry.local.gaps import GAPS
from tenantry.local.settings import PROJECT
from tests.local.ground import Ground
from tests.local.probes import PROBES, Probe

for _area in ("access", "apis", "devices", "events", "functions", "integrations", "pages", "stacks", "topics", "users"):
    importlib.import_module(f"tests.local.probes.{_area}")

_every_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.gap}-{probe.ask.__name__}")
# Shown by tests of their own.
_WITHOUT_PROBE = {"flink_jobs", "lambda_worker_limit"}


@_every_probe
def test_the_local_cloud_answers_as_aws_does(ground: Ground, probe: Probe) -> None:
    assert probe.ask(ground) == probe.aws


@_every_probe
def test_the_emulator_alone_does_not(bare_ground: Ground, probe: Probe) -> None:
    assert probe.ask(bare_ground) == probe.ministack


def test_every_gap_is_told_to_users() -> None:
    page = (PROJECT / "docs" / "local-cloud.md").read_text()
    assert [gap for gap in GAPS if f"`{gap}`" not in page] == []


def test_every_gap_has_a_probe() -> None:
    assert {probe.gap for probe in PROBES} | _WITHOUT_PROBE == set(GAPS)
