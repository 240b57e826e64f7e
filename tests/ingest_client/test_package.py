"""What a tenant's server installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tenantry.local.settings import PROJECT


def test_package_contains_the_client_only(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=PROJECT / "ingest_client", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    sources = {path.name for path in (PROJECT / "ingest_client").glob("*.py")} | {"py.typed"}
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == {f"ingest_client/{name}" for name in sources}


def test_client_imports_no_other_package() -> None:
    source = "import sys, ingest_client; print(*(m for m in sys.modules if m.split('.')[0] in {'ops', 'tenancy', 'boto3', 'botocore', 'aws_cdk'}))"
    done = subprocess.run([sys.executable, "-c", source], cwd=PROJECT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
