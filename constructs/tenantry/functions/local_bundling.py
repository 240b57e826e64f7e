"""Assets that are made on the machine that synthesizes the app, without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import BundlingOptions, DockerImage, ILocalBundling

from tenantry.bundles import IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable


def without_docker(make: Callable[[Path], object]) -> BundlingOptions:
    """Return the bundling of an asset whose files `make` puts into a folder, which exists."""
    return BundlingOptions(image=DockerImage.from_registry(IMAGE), local=_Local(make))


@jsii.implements(ILocalBundling)
class _Local:
    def __init__(self, make: Callable[[Path], object]) -> None:
        self._make = make

    def try_bundle(self, output_dir: str, _options: BundlingOptions | None = None, **_: Any) -> bool:  # noqa: ANN401
        self._make(Path(output_dir))
        return True  # False would fall through to Docker
