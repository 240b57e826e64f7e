"""The whole proof of an assembly, with all that is known about the templates that compose requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.prove.prover import Composition, Proof, prove

if TYPE_CHECKING:
    from tenantry.prove.assembly import Assembly

COMPOSITIONS: Final[tuple[Composition, ...]] = ()
"""Proofs about templates that compose requests, in the order in which they are asked."""


def prove_isolation(assembly: Assembly) -> Proof:
    """Prove that no tenant reaches another's data, or show what is missing."""
    return prove(assembly, COMPOSITIONS)
