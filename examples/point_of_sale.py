"""A till of a shop that sends its sales, as any server of a tenant would.

The operator gives the till a folder: ``tenantry devices issue T001 till-1``. With that,
``python examples/point_of_sale.py devices/T001/till-1`` sends a few sales and says what has become of them.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.ingest_client import Drop, IngestClient, IngestError

if TYPE_CHECKING:
    from collections.abc import Iterator

_GOODS: Final = {"4006381333931": Decimal("1.89"), "4000417025005": Decimal("1.29"), "5000112546415": Decimal("0.99")}
_FAILED: Final = 1
_log: Final = logging.getLogger("till")


def sales(count: int, till: str) -> Iterator[dict[str, Any]]:
    """Ring sales up."""
    for number in range(1, count + 1):
        quantity = random.randint(1, 5)  # noqa: S311 - nobody's secret
        article, price = random.choice(list(_GOODS.items()))  # noqa: S311
        yield {
            # A record may arrive twice, and not in order: these two tell which it is, and when it was.
            "sale": f"{till}-{number}",
            "at": datetime.now(UTC).isoformat(),
            "article": article,
            "quantity": quantity,
            "amount": str(price * quantity),  # money is no float
        }


def dropped(drop: Drop) -> None:
    """Keep what the cloud will not get; a real till has a disk for this."""
    _log.error("%d sales are not sent (%s)", len(drop.records), drop.reason)


def main() -> int:
    """Send sales and return 0 if all of them have arrived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the till's folder, as `tenantry devices issue` has written it")
    parser.add_argument("--sales", type=int, default=100, help="how many (default: 100)")
    parsed = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    try:
        with IngestClient(parsed.folder, on_drop=dropped) as client:
            for sale in sales(parsed.sales, parsed.folder.name):
                client.put(sale)
    except IngestError as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    done = client.counters
    sys.stdout.write(f"{done.accepted} sales, {done.sent} sent, {done.dropped} dropped, {done.retries} retries\n")
    return 0 if done.sent == parsed.sales else _FAILED


if __name__ == "__main__":
    sys.exit(main())
