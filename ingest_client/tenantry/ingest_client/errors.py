"""What can go wrong, and what the client does about it."""

from __future__ import annotations


class IngestError(Exception):
    """Anything that this package raises."""


class RecordTooLargeError(IngestError, ValueError):
    """A record is larger than the API takes, and was not accepted."""


class ClosedError(IngestError):
    """The client is closed: it takes no more records."""


class TransientError(IngestError):
    """It may work in a moment; the client tries again.

    Attributes
    ----------
    retry_after
        Seconds that the service asks to be left alone, if it said so.
    """

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BatchRefusedError(IngestError):
    """The API says that there is something wrong with what was sent: sending it again would not help."""


class StoppedError(IngestError):
    """The client has given up, and takes no more records: somebody must look at it."""


class CertificateRefusedError(StoppedError):
    """The certificate gets no credentials: it was revoked, or is not this server's."""


class AccessRefusedError(StoppedError):
    """The API refuses credentials that were made a moment ago."""


class ProtocolError(StoppedError):
    """Something other than the ingest API answers at its address."""


class DeviceError(StoppedError):
    """The server's folder is not as `tenantry devices issue` writes it; the message says what is wrong."""
