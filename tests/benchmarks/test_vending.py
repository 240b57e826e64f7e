"""Calls of AWS per request: ours and the published way's, on a small sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import vending

if TYPE_CHECKING:
    from benchmarks.result import Figure
    from tenantry.local.cloud import LocalCloud


@pytest.fixture(scope="module")
def figures(deployed: LocalCloud) -> dict[str, Figure]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vending, "_REQUESTS", {"prefix": 30, "db_nosql": 20})
        patch.setattr(vending, "_OBJECTS", 25)
        return {figure.name: figure for figure in vending.measure(deployed.folder.root)}


@pytest.mark.parametrize(
    ("name", "ours", "published"),
    [
        ("30 PUTs of 10 tenants, prefix: STS", 10, 30),
        ("30 PUTs of 10 tenants, prefix: S3", 30, 60),
        ("20 PUTs of 10 tenants, db_nosql: STS", 10, 20),
        ("20 PUTs of 10 tenants, db_nosql: S3", 20, 40),
        ("20 PUTs of 10 tenants, db_nosql: DynamoDB", 20, 20),
        ("Listing 25 objects, tag: STS", 1, 1),
        ("Listing 25 objects, tag: S3", 1, 27),
    ],
)
def test_call_counts_are_those_of_the_document(
    figures: dict[str, Figure], name: str, ours: int, published: int
) -> None:
    assert figures[name].value == ours
    assert figures[name].note == f"the published way: {published}"


def test_no_other_service_is_called(figures: dict[str, Figure]) -> None:
    assert len(figures) == 7


def test_benchmark_cleans_up(figures: dict[str, Figure], deployed: LocalCloud) -> None:
    assert figures
    session = deployed.session()
    account = session.client("sts").get_caller_identity()["Account"]
    for name in ("prefix", "tag", "dbns"):
        found = session.client("s3").list_object_versions(Bucket=f"aws-saas-s3-{name}-{account}", Prefix="bench-")
        assert "Versions" not in found
    roles = session.client("iam").get_paginator("list_roles").paginate()
    assert not [role for page in roles for role in page["Roles"] if "-bench-" in role["RoleName"]]
