"""Snapshots of every stack: prod in full, the other environments as differences from prod."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from tests.stacks.differences import differences
from tests.synthesized import ENVIRONMENTS, STACKS, assembly

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

_ASSET = re.compile(r"\b[0-9a-f]{64}\.(zip|json)$")


_REFERENCE = "prod"
_OTHERS = [environment for environment in ENVIRONMENTS if environment != _REFERENCE]


@pytest.fixture
def json_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.mark.parametrize("stack", STACKS)
def test_template_of_prod(stack: str, json_snapshot: SnapshotAssertion) -> None:
    assert _template(_REFERENCE, stack) == json_snapshot


@pytest.mark.parametrize("environment", _OTHERS)
@pytest.mark.parametrize("stack", STACKS)
def test_differences_from_prod(environment: str, stack: str, json_snapshot: SnapshotAssertion) -> None:
    assert differences(_template(_REFERENCE, stack), _template(environment, stack)) == json_snapshot


def test_masks_nothing_but_asset_hashes() -> None:
    kept = {"S3Key": "assets/abc.zip", "Hash": "0" * 64, "Name": f"{'0' * 64}.zip.txt"}

    assert _without_asset_hashes({**kept, "Code": f"{'a' * 64}.zip"}) == {**kept, "Code": "<asset>.zip"}


def _template(environment: str, stack: str) -> Any:  # noqa: ANN401 - JSON
    return _without_asset_hashes(assembly(environment).templates[stack])


def _without_asset_hashes(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    match value:
        case dict():
            return {key: _without_asset_hashes(part) for key, part in value.items()}
        case list():
            return [_without_asset_hashes(part) for part in value]
        case str():
            return _ASSET.sub(r"<asset>.\1", value)
        case _:
            return value
