"""A snapshot of every stack in every environment catches what nobody thought of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from tests.synthesized import ENVIRONMENTS, STACKS, assembly

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

_ASSET = re.compile(r"\b[0-9a-f]{64}\.(zip|json)$")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("stack", STACKS)
def test_template_is_as_it_was(environment: str, stack: str, snapshot: SnapshotAssertion) -> None:
    template = _without_asset_hashes(assembly(environment).templates[stack])

    assert template == snapshot(name=f"{environment}-{stack}", extension_class=JSONSnapshotExtension)


def test_masks_nothing_but_asset_hashes() -> None:
    kept = {"S3Key": "assets/abc.zip", "Hash": "0" * 64, "Name": f"{'0' * 64}.zip.txt"}

    assert _without_asset_hashes({**kept, "Code": f"{'a' * 64}.zip"}) == {**kept, "Code": "<asset>.zip"}


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
