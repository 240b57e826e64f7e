"""Only passed checks are recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.passed import PassedChecks


def test_passed_check_is_repeated_after_a_change(tmp_path: Path) -> None:
    asked: list[str] = []
    source = tmp_path / "source"
    source.touch()
    passed = PassedChecks(tmp_path, Path(__file__))

    def ask(subject: str) -> None:
        passed.unless_sound("pytest", subject, lambda: asked.append(subject), source)

    ask("one")
    ask("one")
    ask("two")
    source.write_text("differs")
    ask("one")

    assert asked == ["one", "two", "one"]


def test_passed_check_is_repeated_after_a_reader_change(tmp_path: Path) -> None:
    asked: list[str] = []
    helper, test = tmp_path / "reading.py", tmp_path / "test_it.py"
    helper.write_text('REGION = "eu-north-1"')
    test.touch()
    (tmp_path / "kept").mkdir()
    passed = PassedChecks(tmp_path / "kept", test)

    def ask() -> None:
        passed.unless_sound("pytest", "subject", lambda: asked.append(helper.read_text()))

    ask()
    (tmp_path / "test_other.py").touch()
    ask()
    helper.write_text('REGION = "eu-west-1"')
    ask()

    assert asked == ['REGION = "eu-north-1"', 'REGION = "eu-west-1"']


def test_failed_check_is_repeated(tmp_path: Path) -> None:
    passed = PassedChecks(tmp_path, Path(__file__))

    def fail() -> None:
        raise AssertionError

    for _ in range(2):
        with pytest.raises(AssertionError):
            passed.unless_sound("pytest", "subject", fail)
