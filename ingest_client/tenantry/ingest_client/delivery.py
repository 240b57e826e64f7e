"""One batch, sent until all of it is through or beyond help."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.ingest_client.errors import BatchRefusedError, StoppedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry.ingest_client.buffer import Item

_log: Final = logging.getLogger("ingest_client")
# A certificate or a policy that is a few seconds old may not be known everywhere yet: one refusal is not the last word.
_REFUSALS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Sends batches and tells what came of them.

    Attributes
    ----------
    send
        Sends records and returns those that were not taken; raises as `tenantry.ingest_client.api.IngestApi.send` does.
    backoff
        The seconds to wait after so many failures in a row, and at least as long as the service asks.
    pause
        Waits; returns False when there is no time left to try again.
    sent, refused
        Are told of records that are through, and of those that the API objects to.
    retried
        Is told of each repetition.
    """

    send: Callable[[Sequence[Item]], list[Item]]
    backoff: Callable[[int, float], float]
    pause: Callable[[float], bool]
    sent: Callable[[Sequence[Item]], None]
    refused: Callable[[Sequence[Item]], None]
    retried: Callable[[], None]

    def deliver(self, items: Sequence[Item]) -> None:
        """Send a batch, and what the stream did not take of it again, until all is settled or time is up.

        Raises
        ------
        StoppedError
            There is no use in trying any longer.
        """
        batches = deque([list(items)])
        failures = refusals = 0
        while batches:
            batch, asked = batches.popleft(), 0.0
            try:
                left = self.send(batch)
            except BatchRefusedError as error:
                self._halve(batches, batch, error)
                continue
            except StoppedError as error:
                refusals += 1
                if refusals == _REFUSALS:
                    raise
                left, asked, why = batch, 0.0, str(error)
            except TransientError as error:
                left, asked, why = batch, error.retry_after, str(error)
            else:
                refusals, why = 0, "The stream has not taken all of a batch."
            gone = _without(batch, left)
            if gone:
                self.sent(gone)
            if not left:
                failures = 0
                continue
            batches.appendleft(left)
            failures = 1 if gone else failures + 1
            seconds = self.backoff(failures, asked)
            self.retried()
            _log.warning("%s %d records will be sent again in %.1f s.", why, len(left), seconds)
            if not self.pause(seconds):
                return

    def _halve(self, batches: deque[list[Item]], batch: list[Item], error: BatchRefusedError) -> None:
        """Look for the record that the API objects to, so that the others of its batch get through."""
        if len(batch) == 1:
            _log.error("The API objects to a record of %d bytes: %s", batch[0].size, error)
            self.refused(batch)
            return
        middle = len(batch) // 2
        batches.extendleft((batch[middle:], batch[:middle]))


def _without(items: Sequence[Item], left: Sequence[Item]) -> list[Item]:
    kept = {id(item) for item in left}
    return [item for item in items if id(item) not in kept]
