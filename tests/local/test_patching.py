"""A changed MiniStack is an error at start."""

from types import SimpleNamespace

import pytest

from tenantry.local import gaps, patching
from tenantry.local.settings import WITHOUT_GAPS_VARIABLE


def test_an_attribute_is_replaced_by_what_wraps_it() -> None:
    owner = SimpleNamespace(answer=lambda: 1)
    patching.replace(owner, "answer", lambda answer: lambda: answer() + 1)
    assert owner.answer() == 2


def test_a_missing_attribute_is_named_with_the_version() -> None:
    with pytest.raises(patching.GapError, match=rf"gone is gone from ministack {patching.PINNED}"):
        patching.replace(SimpleNamespace(), "gone", lambda value: value)


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patching, "version", lambda _: "9.9.9")
    with pytest.raises(patching.GapError, match=r"written for ministack .*; 9\.9\.9 is installed"):
        patching.require(SimpleNamespace())


def test_a_gap_that_does_not_exist_cannot_be_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WITHOUT_GAPS_VARIABLE, "emulator.root_key,typo")
    with pytest.raises(patching.GapError, match="names typo; gaps are: apigateway"):
        gaps.close_all()
