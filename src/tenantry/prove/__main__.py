"""Run the proof: ``python -m tenantry.prove [CDK_OUT]``."""

from __future__ import annotations

import argparse
import sys

from tenantry.prove.command import add, run


def main() -> int:
    """Run it, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tenantry.prove", description=__doc__)
    add(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
