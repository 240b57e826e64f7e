"""The proof of isolation as an assertion, for the tests of an app that uses the constructs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from tenantry.prove.assembly import Assembly
from tenantry.prove.isolation import prove_isolation
from tenantry.prove.report import as_text


class _Written(Protocol):
    @property
    def directory(self) -> str:
        """Where it is."""


class Synthesized(Protocol):
    """An app of the CDK, or a stage."""

    def synth(self) -> _Written:
        """Write the templates."""


def assert_proven(app_or_cdk_out: Synthesized | str | os.PathLike[str]) -> None:
    """Fail unless it is proven that no tenant of an app reaches another's data.

    Parameters
    ----------
    app_or_cdk_out
        The app, or the folder that it was synthesized into.

    Raises
    ------
    AssertionError
        It is not proven; the message is the report, with requests that would succeed.
    RuntimeError
        The app's own synthesis has failed, by the proof or by another validation.

    Examples
    --------
    >>> assert_proven("cdk.out")
    """
    folder = (
        Path(app_or_cdk_out)
        if isinstance(app_or_cdk_out, str | os.PathLike)
        else Path(app_or_cdk_out.synth().directory)
    )
    proof = prove_isolation(Assembly.read(folder))
    if proof.exit_status:
        raise AssertionError("\n".join(as_text(proof)))
