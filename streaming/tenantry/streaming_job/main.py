"""The entry point that Managed Service for Apache Flink runs."""

import sys
from pathlib import Path

# Flink runs this file through a link in a folder of its own; the packages beside it are where the file really is.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tenantry.streaming_job.job import main

main(sys.argv[1:])
