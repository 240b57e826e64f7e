"""Judge requests as the local cloud does: MiniStack's engine of IAM with our gaps in it closed, and nothing else.

It is a process of its own, because what a gap replaces stays replaced. It reads cases from its standard input, and
writes one decision for each.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.prove.evaluator import Decision, Policies, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAPS: Final = "tenantry.local.gaps.iam"
_DECISIONS: Final = {
    "Allow": Decision.ALLOW,
    "Deny": Decision.DENY,
    "ImplicitDeny": Decision.IMPLICIT_DENY,
}


def judge(cases: Sequence[tuple[Request, Policies]], *, without_gaps: bool = False) -> list[Decision]:
    """Return what the local cloud decides of each request."""
    asked = [
        {
            "action": request.action,
            "resource": request.resource,
            "principal": request.principal,
            "keys": {key: value if isinstance(value, str) else list(value) for key, value in request.keys.items()},
            "identity": list(policies.identity),
            "limits": [limit for limit in (policies.boundary, policies.session) if limit is not None],
            "policy": policies.resource,
            "owner": policies.owner or None,
            "required": policies.must_name,
        }
        for request, policies in cases
    ]
    command = [sys.executable, "-m", __name__, *(["--without-gaps"] if without_gaps else [])]
    root = Path(__file__).parents[2]
    made = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False, cwd=root)
    if made.returncode:
        raise RuntimeError(made.stderr)
    return [_DECISIONS[answer] for answer in json.loads(made.stdout)]


def _decision(engine: Any, case: dict[str, Any]) -> str:  # noqa: ANN401 - a module without types
    account = case["principal"].split(":")[4]
    keys = dict(case["keys"])
    context = engine.EvalContext(
        principal_arn=case["principal"],
        principal_type="User" if ":user/" in case["principal"] else "AssumedRole",
        principal_account=account,
        action=case["action"],
        resource_arn=case["resource"],
        region="us-east-1",
        source_ip=keys.pop("aws:sourceip", "127.0.0.1"),
        secure_transport=keys.pop("aws:securetransport", "false") == "true",
        # As `enforce` does: a request that names no tags has no aws:TagKeys.
        service_context={"aws:tagkeys": None, **keys},
    )

    def parsed(documents: list[dict[str, Any]]) -> list[Any]:
        return [engine.parse_policy_document(document) for document in documents]

    limits = [parsed(limit) for limit in case["limits"]]
    result = engine.evaluate(context, parsed(case["identity"]), *limits)
    if case["policy"] is not None:
        result = engine.combine_resource_policy(
            result, context, case["policy"], case["owner"], required=case["required"], limits=tuple(limits)
        )
    return str(result.decision)


def main() -> None:
    """Read cases and write decisions."""
    from ministack.core import iam_evaluator  # noqa: PLC0415 - in this process alone

    if "--without-gaps" not in sys.argv:
        for path in sorted(Path(importlib.import_module(_GAPS).__file__ or "").parent.glob("[a-z]*.py")):
            if path.stem != "sizes":  # it is about the API of IAM, and would import that
                importlib.import_module(f"{_GAPS}.{path.stem}").close()
    json.dump([_decision(iam_evaluator, case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
