"""The registry of attacks."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tenantry.attacks import threats
from tenantry.attacks.outcome import Outcome, held
from tenantry.attacks.registry import SURFACES, Registry, UnknownAttackError
from tenantry.attacks.surfaces import REGISTRY

if TYPE_CHECKING:
    from tenantry.attacks.world import World


def _holds(_: World) -> Outcome:
    """Do nothing."""
    return held("nothing")


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for surface in ("tenant-api", "identity", "unheard-of"):
        made.surface(surface).attack("one", threat=threats.NO_TOKEN, must="Nothing happens.")(_holds)
        made.surface(surface).attack("two", threat=threats.NO_TOKEN, must="Nothing happens.")(_holds)
    return made


def test_an_attack_says_what_its_docstring_says(registry: Registry) -> None:
    attack = next(iter(registry))
    assert (attack.id, attack.surface, attack.tries) == ("identity-one", "identity", "Do nothing.")


def test_surfaces_come_in_their_order_and_unknown_ones_last(registry: Registry) -> None:
    assert registry.surfaces() == ["identity", "tenant-api", "unheard-of"]


def test_an_id_can_be_taken_once(registry: Registry) -> None:
    with pytest.raises(ValueError, match="Two attacks have the id 'identity-one'"):
        registry.surface("identity").attack("one", threat=threats.NO_TOKEN, must="x")(_holds)


@pytest.mark.parametrize("slug", ["", "Upper", "under_score", "a--b", "a b", "-a"])
def test_an_id_is_words_with_hyphens(registry: Registry, slug: str) -> None:
    with pytest.raises(ValueError, match="is not lower-case words"):
        registry.surface("identity").attack(slug, threat=threats.NO_TOKEN, must="x")(_holds)


def test_an_attack_without_a_word_is_refused(registry: Registry) -> None:
    with pytest.raises(ValueError, match="must say what it tries"):
        registry.surface("identity").add("dumb", threat=threats.NO_TOKEN, tries="", must="x", run=_holds)


def test_selection_by_surface_and_by_id_adds_up(registry: Registry) -> None:
    chosen = registry.select(surfaces=["identity"], ids=["tenant-api-two"])
    assert [attack.id for attack in chosen] == ["identity-one", "identity-two", "tenant-api-two"]


def test_no_selection_is_everything(registry: Registry) -> None:
    assert len(registry.select()) == len(registry) == 6


@pytest.mark.parametrize(("surfaces", "ids"), [(["identity", "nope"], []), ([], ["identity-nope"])])
def test_what_does_not_exist_is_refused(registry: Registry, surfaces: list[str], ids: list[str]) -> None:
    with pytest.raises(UnknownAttackError, match=r"There is no .* (identity-)?nope"):
        registry.select(surfaces, ids)


def test_every_surface_of_the_project_has_attacks() -> None:
    count = Counter(attack.surface for attack in REGISTRY)
    assert set(count) <= set(SURFACES)
    assert all(count[surface] >= 10 for surface in SURFACES[:9]), count


def test_every_attack_reads_as_a_sentence() -> None:
    for attack in REGISTRY:
        for text in (attack.tries, attack.must):
            assert re.match(r"[\w`«“(]", text), attack.id
            assert text.endswith("."), (attack.id, text)


def test_attacks_under_one_heading_stand_for_distinct_threats() -> None:
    titles = [threat.title for threat in vars(threats).values() if isinstance(threat, threats.Threat)]
    assert len(titles) == len(set(titles))
