"""What a tenant's server installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tenantry.local.settings import find_project

_FOLDER = find_project() / "ingest_client"


def test_package_contains_the_client_only(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = {path.relative_to(_FOLDER).as_posix() for path in (_FOLDER / "tenantry").rglob("*.py")}
    assert len(sources) > 1
    assert packed == sources | {"tenantry/ingest_client/py.typed"}


def test_client_imports_no_other_package() -> None:
    """Of Tenantry it imports itself alone; neither the SDK nor the CDK."""
    source = (
        "import sys, tenantry.ingest_client\n"
        "tops = {m.split('.')[0] for m in sys.modules} & {'boto3', 'botocore', 'aws_cdk'}\n"
        "own = {m for m in sys.modules if m.startswith('tenantry.')}\n"
        "print(*tops, *(m for m in own if m.split('.')[1] != 'ingest_client'))"
    )
    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
