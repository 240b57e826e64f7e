"""The whole proof of an assembly, with all that is known about the templates that compose requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tenantry.prove.prover import Proof, prove
from tenantry.prove.workflows import workflows

if TYPE_CHECKING:
    from tenantry.prove.assembly import Assembly


def prove_isolation(assembly: Assembly) -> Proof:
    """Prove that no tenant reaches another's data, or show what is missing.

    The role of a direct integration or of a state machine reaches the rows of every tenant. It is proven by what API
    Gateway and Step Functions ask for with it (`workflows`).
    """
    composed = workflows(assembly)
    proof = prove(assembly, [composed])
    findings = dict.fromkeys((*proof.findings, *composed.findings))
    return replace(proof, findings=tuple(findings), reached=tuple(composed.reached))
