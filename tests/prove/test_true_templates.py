"""The app's own templates are proven, in every environment, and docs/proof.md and isolation.md say what of whom."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tenantry.prove.assembly import Assembly
from tenantry.prove.isolation import prove_isolation
from tenantry.prove.prover import Result
from tenantry.prove.report import as_text
from tests.synthesized import ENVIRONMENTS, assembly
from tools import proof_table

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.prove.prover import Proof


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_is_proven(environment: str) -> None:
    folder = assembly(environment).folder
    begun = time.process_time()

    proof = prove_isolation(Assembly.read(folder))

    print(f"{environment}: {proof.questions} questions in {time.process_time() - begun:.2f} CPU seconds")  # noqa: T201
    assert proof.exit_status == 0, "\n".join(as_text(proof))
    sessions = [finding for finding in proof.findings if "(session policy" in finding.principal]
    assert len(proof.of(Result.PROVEN)) > len(sessions) / 2 > 0
    reached = [finding for finding in sessions if finding.result is not Result.PROVEN]
    assert {finding.actions for finding in reached} <= {("s3:ListBucket",)}, "to count, a session lists other users'"
    assert all("of a user" in finding.resource for finding in reached)


@pytest.fixture(scope="module")
def prod() -> Proof:
    return prove_isolation(Assembly.read(assembly("prod").folder))


@pytest.mark.parametrize("page", proof_table.PAGES, ids=lambda page: page.name)
def test_page_has_the_results_of_prod(page: Path, prod: Proof) -> None:
    assert proof_table.updated(page, prod) == page.read_text(), "run: make docs"


def test_page_of_isolation_explains_each_reason_of_prod(prod: Proof) -> None:
    page = (proof_table.DOCS / "isolation.md").read_text()

    explained = re.findall(r"^> (.+(?:\n> .+)*)", page, re.MULTILINE)

    reasons = {finding.reason for finding in prod.of(Result.ACKNOWLEDGED)}
    assert sorted(reason.replace("\n> ", " ") for reason in explained) == sorted(reasons)
