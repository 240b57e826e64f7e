"""A changed MiniStack is an error at start."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tenantry.local import gaps, patching
from tenantry.local.settings import WITHOUT_GAPS_VARIABLE


def test_a_value_takes_the_place_of_an_attribute() -> None:
    owner = SimpleNamespace(answer=1)
    patching.replace(owner, "answer", 2)
    assert owner.answer == 2


def test_a_function_gets_the_original_that_it_wraps_and_its_arguments() -> None:
    owner = SimpleNamespace(answer=lambda number: number)
    patching.wrap(owner, "answer", lambda answer, number: answer(number) + 1)
    assert owner.answer(number=1) == 2


def test_a_method_can_be_wrapped() -> None:
    class Owner:
        def answer(self) -> int:
            return 1

    patching.wrap(Owner, "answer", lambda answer, owner: answer(owner) + 1)
    assert Owner().answer() == 2


@pytest.mark.parametrize("change", [patching.replace, patching.wrap])
def test_a_missing_attribute_is_named_with_the_version(change: Callable[[object, str, object], None]) -> None:
    with pytest.raises(patching.GapError, match=rf"gone is gone from ministack {patching.PINNED}"):
        change(SimpleNamespace(), "gone", lambda value: value)


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patching, "version", lambda _: "9.9.9")
    with pytest.raises(patching.GapError, match=r"written for ministack .*; 9\.9\.9 is installed"):
        patching.require(SimpleNamespace())


def test_a_gap_that_does_not_exist_cannot_be_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WITHOUT_GAPS_VARIABLE, "emulator.root_key,typo")
    with pytest.raises(patching.GapError, match="names typo; gaps are: apigateway"):
        gaps.close_all()
