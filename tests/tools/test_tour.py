"""`python -m tools.tour`; the tour itself is taken by `make run`."""

from pathlib import Path

import pytest

from tools.tour import main


def test_without_a_deployed_system_the_tour_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(tmp_path)]) == 1
    assert "make up" in capsys.readouterr().err
