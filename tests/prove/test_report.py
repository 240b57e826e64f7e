"""What `tenantry prove` prints and returns: for people, as JSON and as SARIF."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tenantry.cli.main import main
from tenantry.prove.prover import Finding, Proof, Result
from tenantry.prove.report import as_table, residual_table
from tests.prove.templates import listing, of_role, proof_of, template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.prove.templates import Template


def _write(folder: Path, content: Template) -> str:
    (folder / "shop.template.json").write_text(json.dumps(content))
    return str(folder)


@pytest.fixture
def weak(tmp_path: Path) -> str:
    return _write(tmp_path, of_role(lambda statements: statements.append(listing("*"))))


def test_proven_templates_exit_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", _write(tmp_path, template())]) == 0
    assert "5 proven, 0 acknowledged, 0 not judged, 0 counterexample" in capsys.readouterr().out


def test_counterexample_exits_with_1_and_shows_the_request(weak: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", weak]) == 1

    text = capsys.readouterr().out
    assert "COUNTEREXAMPLE shop/Vendor/TenantRole (tenant role)" in text
    assert "request: s3:ListBucket on arn:aws:s3:::shop-invoices-" in text
    assert "t1=acme, t2=globex" in text
    assert 'statement of shop/Vendor/TenantRole: {"Effect": "Allow", "Action": "s3:ListBucket"' in text


def test_nothing_to_judge_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(tmp_path)]) == 2
    assert "synthesize the app first" in capsys.readouterr().err


def test_unread_policy_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _write(tmp_path, of_role(lambda statements: statements.append({"Fn::If": ["Production", {}, {}]})))

    assert main(["prove", folder]) == 2
    assert "is no statement of a policy" in capsys.readouterr().err


def test_json_has_the_whole_report(weak: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", weak, "--json"]) == 1

    report = json.loads(capsys.readouterr().out)
    (found,) = [finding for finding in report["findings"] if finding["result"] == "counterexample"]
    assert report["proven"] is False
    assert found["request"]["action"] == "s3:ListBucket"
    assert found["request"]["ids"] == {"t1": "acme", "t2": "globex"}
    assert found["path"] == "shop/Vendor/TenantRole"
    assert report["assumptions"]


def test_sarif_names_the_construct(weak: str, tmp_path: Path) -> None:
    file = tmp_path / "proof.sarif"

    main(["prove", weak, "--sarif", str(file)])

    document = json.loads(file.read_text())
    (result,) = document["runs"][0]["results"]
    assert document["version"] == "2.1.0"
    assert (result["ruleId"], result["level"]) == ("tenant-isolation", "error")
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "shop/Vendor/TenantRole"
    assert "request: " in result["message"]["text"]


def test_table_has_a_row_for_each_result_of_a_principal() -> None:
    rows = list(as_table(proof_of(template())))

    assert rows[0] == "| Principal | Resource | Result |"
    assert rows[-1].startswith(
        "| shop/Vendor/TenantRole (tenant role) | invoices (shop/Invoices), orders (shop/Orders) |"
    )
    assert len(rows) == 4


def test_residual_table_has_each_reason_with_its_principals_and_actions() -> None:
    def acknowledged(principal: str, resource: str, action: str) -> Finding:
        return Finding(Result.ACKNOWLEDGED, principal, resource, principal, "It decides.", actions=(action,))

    found = (
        acknowledged("a", "rows", "dynamodb:Query"),
        acknowledged("a", "rows", "dynamodb:GetItem"),
        acknowledged("b", "rows", "dynamodb:GetItem"),
        acknowledged("c", "rows", "dynamodb:GetItem"),
        Finding(Result.PROVEN, "d", "rows", "d"),
    )

    rows = list(residual_table(Proof(found, 5)))

    assert rows[2:] == [
        "| It decides. | a | rows: dynamodb:GetItem, dynamodb:Query |",
        "| It decides. | b, c | rows: dynamodb:GetItem |",
    ]
