"""`python -m tools.tour`; the tour itself is taken by `make run`."""

from pathlib import Path

import pytest

from tenantry.attacks.surfaces import REGISTRY
from tools.tour import main, one_of_each


def test_without_a_deployed_system_the_tour_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(tmp_path)]) == 1
    assert "make up" in capsys.readouterr().err


def test_sample_has_one_attack_of_each_kind_on_each_surface() -> None:
    everything = REGISTRY.select()

    kinds = [(attack.surface, attack.threat.heading) for attack in one_of_each(everything)]

    assert len(kinds) == len(set(kinds))
    assert set(kinds) == {(attack.surface, attack.threat.heading) for attack in everything}
