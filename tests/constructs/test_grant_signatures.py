"""Every `grant_...` method returns what it has granted, or says what it returns in its place, and why."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from tests.constructs.packages import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _grants() -> Iterator[tuple[str, Callable[..., Any]]]:
    for package in PACKAGES:
        for name in package.__all__:
            found = getattr(package, name)
            if inspect.isclass(found) and found.__module__.startswith(package.__name__):
                for method, function in inspect.getmembers(found, inspect.isfunction):
                    if method.startswith("grant_") and function.__module__.startswith(package.__name__):
                        yield function.__qualname__, function


_GRANTS = dict(_grants())


@pytest.mark.parametrize("name", sorted(_GRANTS))
def test_grant_is_returned_or_what_is_returned_in_its_place_is_explained(name: str) -> None:
    returned = inspect.signature(_GRANTS[name]).return_annotation
    explained = inspect.getdoc(_GRANTS[name]) or ""

    assert returned == "iam.Grant" or "no `iam.Grant`" in explained or "not an `iam.Grant`" in explained, returned


def test_all_kinds_of_grant_are_looked_at() -> None:
    assert {
        "AdminApi.grant_invoke",
        "ApplicationBus.grant_publish",
        "DataLake.grant_write",
        "Directory.grant_read_state",
        "IngestApi.grant_send",
        "PrefixBucket.grant_tenant_read_write",
        "SharedTokens.grant_read",
        "SiloBuckets.grant_tenant_count",
        "TenantDevices.grant_tenant_send",
        "TenantTable.grant_every_tenant",
        "TokenVendor.grant_vend",
    } <= _GRANTS.keys()
