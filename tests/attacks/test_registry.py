"""The registry of attacks."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tenantry.attacks import surfaces, threats
from tenantry.attacks.document import with_table
from tenantry.attacks.outcome import Outcome, held
from tenantry.attacks.registry import Registry, UnknownAttackError
from tenantry.attacks.surfaces import REGISTRY

if TYPE_CHECKING:
    from tenantry.attacks.world import World


ROOT: Final = Path(__file__).parents[2]
_MANY: Final = (
    "identity",
    "tenant-api",
    "admin-api",
    "events",
    "roles",
    "tokens",
    "storage",
    "vending",
    "employees",
)


def _holds(_: World) -> Outcome:
    """Do nothing."""
    return held("nothing")


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for surface in ("tenant-api", "identity"):
        made.surface(surface).attack("one", threat=threats.NO_TOKEN, must="Nothing happens.")(_holds)
        made.surface(surface).attack("two", threat=threats.NO_TOKEN, must="Nothing happens.")(_holds)
    return made


def test_attack_tries_what_its_docstring_says(registry: Registry) -> None:
    attack = next(iter(registry))
    assert (attack.id, attack.surface, attack.tries) == ("identity-one", "identity", "Do nothing.")


def test_surfaces_are_ordered_by_name(registry: Registry) -> None:
    assert registry.surfaces() == ["identity", "tenant-api"]


def test_table_has_a_row_for_each_surface(registry: Registry) -> None:
    registry.surface("tenant-api", "Other tenants")
    registry.surface("identity", "Forged tokens")
    assert registry.table().splitlines()[2:] == ["| `identity` | Forged tokens |", "| `tenant-api` | Other tenants |"]


def test_surface_without_a_description_has_no_table(registry: Registry) -> None:
    registry.surface("identity", "Forged tokens")
    with pytest.raises(ValueError, match="No description: tenant-api"):
        registry.table()


def test_surface_is_described_once(registry: Registry) -> None:
    registry.surface("identity", "Forged tokens")
    with pytest.raises(ValueError, match=r"'identity' has two descriptions\. Keep one: 'Forged tokens'"):
        registry.surface("identity", "Other tokens")


def test_ids_are_unique(registry: Registry) -> None:
    with pytest.raises(ValueError, match="Two attacks have the id 'identity-one'"):
        registry.surface("identity").attack("one", threat=threats.NO_TOKEN, must="x")(_holds)


@pytest.mark.parametrize("slug", ["", "Upper", "under_score", "a--b", "a b", "-a"])
def test_malformed_id_is_refused(registry: Registry, slug: str) -> None:
    with pytest.raises(ValueError, match="is not lower-case words"):
        registry.surface("identity").attack(slug, threat=threats.NO_TOKEN, must="x")(_holds)


def test_attack_without_a_description_is_refused(registry: Registry) -> None:
    with pytest.raises(ValueError, match="must say what it tries"):
        registry.surface("identity").add("silent", threat=threats.NO_TOKEN, tries="", must="x", run=_holds)


def test_selections_by_surface_and_id_add_up(registry: Registry) -> None:
    chosen = registry.select(surfaces=["identity"], ids=["tenant-api-two"])
    assert [attack.id for attack in chosen] == ["identity-one", "identity-two", "tenant-api-two"]


def test_no_selection_selects_all(registry: Registry) -> None:
    assert len(registry.select()) == len(registry) == 4


@pytest.mark.parametrize(("surfaces", "ids"), [(["identity", "nope"], []), ([], ["identity-nope"])])
def test_unknown_surface_or_id_is_refused(registry: Registry, surfaces: list[str], ids: list[str]) -> None:
    with pytest.raises(UnknownAttackError, match=r"There is no .* (identity-)?nope"):
        registry.select(surfaces, ids)


def test_every_module_of_surfaces_adds_attacks() -> None:
    modules = {path.stem for path in Path(surfaces.__path__[0]).glob("*.py")} - {"__init__"}
    # An attack is a function of its module, or is made by one.
    used = {_module(attack.run) for attack in REGISTRY}
    assert modules - {module.rpartition(".")[2] for module in used} == set()


def _module(run: object) -> str:
    return str((run.func if isinstance(run, partial) else run).__module__)


def test_surfaces_that_hold_the_isolation_have_many_attacks() -> None:
    count = Counter(attack.surface for attack in REGISTRY)
    few = {surface: count[surface] for surface in _MANY if count[surface] < 10}
    assert few == {}


def test_the_document_has_the_table_of_all_surfaces() -> None:
    page = (ROOT / "docs" / "attacks.md").read_text()
    assert with_table(page, REGISTRY.table()) == page, "Run `make docs`."


def test_every_attack_reads_as_a_sentence() -> None:
    for attack in REGISTRY:
        for text in (attack.tries, attack.must):
            assert re.match(r"[\w`«“(]", text), attack.id
            assert text.endswith("."), (attack.id, text)


def test_attacks_under_one_heading_stand_for_distinct_threats() -> None:
    titles = [threat.title for threat in vars(threats).values() if isinstance(threat, threats.Threat)]
    assert len(titles) == len(set(titles))
