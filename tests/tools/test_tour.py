"""`python -m tools.tour`; the tour itself is taken by `make run`."""

from pathlib import Path

import pytest

from tenantry.attacks.surfaces import REGISTRY
from tools.tour import SAMPLE, main


def test_without_a_deployed_system_the_tour_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(tmp_path)]) == 1
    assert "make up" in capsys.readouterr().err


def test_sample_touches_each_surface_once_and_each_kind_of_threat() -> None:
    everything, sample = REGISTRY.select(), REGISTRY.select(ids=SAMPLE)

    assert [attack.surface for attack in sample] == REGISTRY.surfaces()
    assert {attack.threat.heading for attack in sample} == {attack.threat.heading for attack in everything}
