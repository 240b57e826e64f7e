"""The mutants of the code that keeps tenants apart: how they are made, and that the lists of them are current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.sizes import SOAK
from tools.mutants.__main__ import main
from tools.mutants.lists import Work, attackers, equivalents, generated, modules
from tools.mutants.operators import mutants, replaced
from tools.mutants.run import FailingTestsError, survivors
from tools.mutants.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_GUARD: Final = "def may(a, b):\n    return a and b\n"
_TEST: Final = (
    "from guard import may\n\n\ndef test_may():\n    assert not may(False, True)\n    assert may(True, True)\n"
)


@pytest.mark.parametrize(
    ("code", "weakened"),
    [
        ("if x:\n    raise ValueError\n", ["if False:", "if True:"]),
        ("if a and b:\n    pass\n", ["if False:", "if a:", "if b:"]),
        ("y = a or b\n", ["y = a", "y = b"]),
        ("y = not x\n", ["y = (x)"]),
        ("y = a < b\n", ["y = a <= b"]),
        ("y = a in b\n", ["y = a not in b"]),
        ("y = [z for z in x if z]\n", ["y = [z for z in x if True]"]),
        ("y = any(x)\n", ["y = all(x)"]),
        ("y = f(1, b=2, c=True)\n", ["y = f(1, b=2)", "y = f(1, b=2, c=False)", "y = f(1, c=True)"]),
        ("y = f(description='x')\n", []),
        ("y = [a, b]\n", ["y = [a]", "y = [b]"]),
        ("y = {'a': 1, **b}\n", ["y = {'a': 1}", "y = {**b}"]),
        ("y = {'S': x}\n", []),
        ("y = a | b\n", ["y = a"]),
        ("check(x)\n", ["pass"]),
        ("logger.info(x)\n", []),
        ("@retried\ndef f(x=True): ...\n", ["", "def f(x=False): ..."]),
        ("class A:\n    @property\n    def f(self): ...\n", []),
        ("raise ValueError(f'{a and b}')\n", []),
        ("a, b = x, True\n", ["a, b = x, False"]),
        ("def f(a: bool = False) -> dict[str, int]: ...\n", ["def f(a: bool = True) -> dict[str, int]: ..."]),
        ("é = f('é', b=True)\n", ["é = f('é')", "é = f('é', b=False)"]),
    ],
)
def test_code_is_weakened_in_one_place(code: str, weakened: list[str]) -> None:
    found = mutants("file.py", code)

    assert sorted(mutant.after for mutant in found) == sorted(weakened)
    assert len({mutant.source for mutant in found} - {code}) == len(found)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    # Plugins that a small tree has no use for take longer than its tests.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    for name, text in (("guard.py", _GUARD), ("test_guard.py", _TEST), ("pytest.ini", "[pytest]\n")):
        (tmp_path / name).write_text(text)
    return Work(path="guard.py", tests=["test_guard.py"], mutants=mutants("guard.py", _GUARD))


def test_mutant_that_no_test_notices_survives(tmp_path: Path, work: Work) -> None:
    assert [mutant.after for mutant in survivors(tmp_path, work)] == ["return a"]
    assert (tmp_path / "guard.py").read_text() == _GUARD


def test_tests_that_fail_without_a_mutant_prove_nothing(tmp_path: Path, work: Work) -> None:
    (tmp_path / "guard.py").write_text("def may(a, b):\n    return True\n")

    with pytest.raises(FailingTestsError, match=r"tests of guard\.py fail:\n(.|\n)*test_may"):
        list(survivors(tmp_path, work))


def test_every_attackers_mutant_is_one_of_a_tested_file() -> None:
    by_hand = attackers()

    assert len({mutant.source for mutant in by_hand}) == len(by_hand)
    for mutant in by_hand:
        compile(mutant.source, mutant.path, "exec")
        assert mutant.path in modules()


def test_replaced_text_must_be_there_once() -> None:
    with pytest.raises(ValueError, match=r"x\.py has 2 times, not once: 'a'"):
        replaced("x.py", "a = a\n", "a", "b")


def test_tests_of_every_module_exist() -> None:
    assert [
        test for tests in modules().values() for test in tests if not (ROOT / test.partition("::")[0]).is_file()
    ] == []


def test_every_equivalent_mutant_is_made() -> None:
    known = equivalents()
    made = {mutant.key for path in {path for path, _, _ in known} for mutant in generated(path)}

    assert known.keys() - made == set()
    assert all(known.values())


@pytest.mark.soak
@pytest.mark.skipif(not SOAK, reason="it takes minutes")
@pytest.mark.timeout(3600)
def test_every_attackers_mutant_is_caught() -> None:
    assert main(["--attackers"]) == 0
