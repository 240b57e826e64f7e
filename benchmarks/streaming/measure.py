"""Records a second and core, bytes in the lake for each byte sent, files for each tenant and checkpoint."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks.result import Figure, NotReadyError
from benchmarks.streaming.costs import table as costs
from tenantry.flink import JAR, PackageError, Use, fetch, java, package, pinned
from tenantry.local.errors import LocalCloudError
from tenantry.local.flink import installation
from tenantry.testing.lake import unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.local.flink.installation import Installation

_HERE: Final = Path(__file__).parent
_TENANTS: Final = 50
_DIFFERENT: Final = 40_000
_COUNT: Final = 280_000
# The first warms up; the last sends each record once, so that no format can make anything of repetitions.
_COUNTS: Final = (_COUNT, _COUNT, _COUNT, _COUNT, _DIFFERENT)
_CHECKPOINT_SECONDS: Final = 5
_PARQUET_ROWS: Final = (
    "import sys; import pyarrow.parquet as p; print(sum(p.read_metadata(f).num_rows for f in sys.argv[1:]))"
)
_JVM: Final = "-Xmx3g -XX:+UseParallelGC"
# How often the environments' applications take a checkpoint (stacks/environments.py).
_INTERVALS: Final = {"dev and staging": 60, "prod": 300}


@dataclass(frozen=True)
class _Ran:
    rate: float
    stored: int
    files: float
    rows: int


def measure(_: Path) -> Sequence[Figure]:
    """Run both jobs, ours in both formats."""
    try:
        flink = installation.ensure()
        with tempfile.TemporaryDirectory() as folder:
            return _measured(flink, Path(folder))
    except (LocalCloudError, PackageError) as error:
        raise NotReadyError(str(error)) from error


def _measured(flink: Installation, folder: Path) -> Sequence[Figure]:
    (folder / "code").mkdir()
    package(folder / "code")
    jars = [folder / "code" / JAR, *(fetch(jar) for jar in pinned(_HERE / "jars.toml"))]
    classes = _compiled(folder / "bench", jars)
    # What the gateway writes for ours; for the published job the caller's object, which it takes as it comes.
    wrapped, plain = folder / "wrapped", folder / "plain"
    sent = _write_records(wrapped, plain)
    asked = {"code": str(folder / "code"), "jars": [str(jar) for jar in [*jars, classes]]}
    runs = {
        "published": _run(flink, folder / "published", {**asked, "job": "published", "records": str(plain)}),
        **{
            form: _run(flink, folder / form, {**asked, "job": "ours", "format": form, "records": str(wrapped)})
            for form in ("json", "parquet")
        },
    }
    figures = []
    for name, text in (
        ("published", "the published job: rows of text"),
        ("json", "ours: JSON lines, Zstandard, rejected records, aggregates"),
        ("parquet", "ours: Parquet, Zstandard, rejected records, aggregates"),
    ):
        figures.append(Figure(f"records a second and core, {name}", round(runs[name].rate), "1/s", text))
    for name, text in (("published", "no compression"), ("json", ""), ("parquet", "")):
        figures.append(Figure(f"bytes in the lake for each sent, {name}", round(runs[name].stored / sent, 3), "", text))
    figures.extend(Figure(f"rows that were written, {name}", run.rows, "", "all") for name, run in runs.items())
    per_checkpoint = runs["json"].files / _TENANTS
    figures.append(
        Figure(
            "files a tenant, while it sends all the time", round(per_checkpoint, 2), "a checkpoint", "one is the least"
        )
    )
    for name, seconds in _INTERVALS.items():
        figures.append(
            Figure(f"files a tenant, {name}", round(60 / seconds, 2), "a minute", f"a checkpoint in {seconds} s")
        )
    return [*figures, *costs()]


def _compiled(folder: Path, jars: Sequence[Path]) -> Path:
    """Compile what only the benchmark has, into a jar."""
    every = pinned()
    compiler = next(fetch(jar) for jar in every if jar.use is Use.TOOL)
    needed = [*jars, *(fetch(jar) for jar in every if jar.use is Use.COMPILE)]
    command = [
        str(java()), "-jar", str(compiler), "-11", "-proc:none", "-nowarn",
        "-classpath", os.pathsep.join(map(str, needed)), "-d", str(folder), str(_HERE / "java"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - own words
    if done.returncode:
        raise NotReadyError(f"The benchmark's classes do not compile:\n{done.stderr}")
    return Path(shutil.make_archive(str(folder), "zip", folder)).rename(folder.with_suffix(".jar"))


def _write_records(wrapped: Path, plain: Path) -> int:
    """Write sales of one kilobyte or so, as tills send them, and return how many bytes they are."""
    chance, size = random.Random(1), 0  # noqa: S311 - the same ones every time
    with wrapped.open("w") as ours, plain.open("w") as theirs:
        for number in range(_DIFFERENT):
            tenant = f"T{number % _TENANTS:03d}"
            sale = json.dumps(_sale(chance, number), separators=(",", ":"))
            ours.write(f'{tenant}\t{{"tenantid":"{tenant}","data":{sale}}}\n')
            theirs.write(f"{tenant}\t{sale}\n")
            size += len(sale.encode())
    return size


def _sale(chance: random.Random, number: int) -> Mapping[str, Any]:
    return {
        "sale": f"{chance.getrandbits(64):016x}",
        "number": number,
        "till": f"till-{chance.randrange(40)}",
        "at": f"2026-11-25T{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}Z",
        "paid": {"by": chance.choice(["card", "cash", "voucher"]), "cents": chance.randrange(100, 50_000)},
        "lines": [
            {
                "sku": f"{chance.getrandbits(40):010x}",
                "name": chance.choice(["Coffee, ground", "Bread, rye", "Milk, 1 l", "Pâté", "Soap"]),
                "quantity": chance.randrange(1, 9),
                "price": round(chance.random() * 90, 2),
                "taxed": chance.random() < 0.5,  # noqa: PLR2004 - half of them
            }
            for _ in range(chance.randrange(6, 14))
        ],
    }


def _run(flink: Installation, output: Path, asked: Mapping[str, Any]) -> _Ran:
    output.mkdir()
    told = {**asked, "output": str(output), "counts": _COUNTS, "checkpoint_seconds": _CHECKPOINT_SECONDS}
    done = subprocess.run(  # noqa: S603 - own words
        [str(flink.python), str(_HERE / "run_job.py"), json.dumps(told)],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.defpath,
            "JAVA_HOME": str(flink.java.parent.parent),
            "HOME": str(output),
            "JVM_ARGS": _JVM,
            "FLINK_LOG_DIR": str(output),
        },
    )
    if done.returncode:
        raise NotReadyError(f"The job ended: {done.stderr[-2000:]}")
    took = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")][1:-1]
    rows = _rows(flink, output)
    if rows != sum(_COUNTS):
        raise NotReadyError(
            f"{asked['job']} was given {sum(_COUNTS)} records and wrote {rows}: its figures mean nothing."
        )
    # A file ends with each checkpoint, and with the job.
    ends = int(took[0]["seconds"] / _CHECKPOINT_SECONDS) + 1
    return _Ran(
        rate=_COUNT / median(run["core_seconds"] for run in took),
        stored=sum(path.stat().st_size for path in _files(output / str(len(_COUNTS) - 1))),
        files=len(_files(output / "1")) / ends,
        rows=rows,
    )


def _rows(flink: Installation, output: Path) -> int:
    """Return how many rows all runs of a job wrote."""
    files = [path for run in range(len(_COUNTS)) for path in _files(output / str(run))]
    if files and files[0].suffix == ".parquet":
        done = subprocess.run(  # noqa: S603 - own words
            [str(flink.python), "-c", _PARQUET_ROWS, *map(str, files)], capture_output=True, text=True, check=True
        )
        return int(done.stdout)
    contents = (path.read_bytes() for path in files)
    return sum(
        (unpacked(content) if path.suffix == ".zst" else content).count(b"\n")
        for path, content in zip(files, contents, strict=True)
    )


def _files(run: Path) -> Sequence[Path]:
    return [path for path in (run / "lake" / "data").rglob("part-*") if path.is_file()]
