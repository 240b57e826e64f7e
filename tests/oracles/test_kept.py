"""Results are kept of what an oracle has passed, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.kept import Kept


def test_what_has_passed_is_asked_about_again_once_something_differs(tmp_path: Path) -> None:
    asked: list[str] = []
    source = tmp_path / "source"
    source.touch()
    kept = Kept(tmp_path, Path(__file__))

    def ask(subject: str) -> None:
        kept.unless_sound("pytest", subject, lambda: asked.append(subject), source)

    ask("one")
    ask("one")
    ask("two")
    source.write_text("differs")
    ask("one")

    assert asked == ["one", "two", "one"]


def test_what_has_passed_is_asked_about_again_once_it_is_read_otherwise(tmp_path: Path) -> None:
    asked: list[str] = []
    helper, test = tmp_path / "reading.py", tmp_path / "test_it.py"
    helper.write_text('REGION = "eu-north-1"')
    test.touch()
    (tmp_path / "kept").mkdir()
    kept = Kept(tmp_path / "kept", test)

    def ask() -> None:
        kept.unless_sound("pytest", "subject", lambda: asked.append(helper.read_text()))

    ask()
    (tmp_path / "test_other.py").touch()
    ask()
    helper.write_text('REGION = "eu-west-1"')
    ask()

    assert asked == ['REGION = "eu-north-1"', 'REGION = "eu-west-1"']


def test_what_has_failed_is_asked_about_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path, Path(__file__))

    def fail() -> None:
        raise AssertionError

    for _ in range(2):
        with pytest.raises(AssertionError):
            kept.unless_sound("pytest", "subject", fail)
