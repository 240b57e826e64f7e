"""Sends data of a tenant's server to Tenantry: certificates for credentials, batches, retries, and no silent loss.

Exported
--------
IngestClient, RECORD_BYTES
    The client.
Drop, DropReason, Counters
    What becomes of records.
CredentialsProvider, Credentials, Device
    The server's certificate and what it is exchanged for.
IngestError and its kinds
    What can go wrong.
"""

from tenantry.ingest_client.client import RECORD_BYTES, IngestClient
from tenantry.ingest_client.credentials import Credentials, CredentialsProvider
from tenantry.ingest_client.device import Device
from tenantry.ingest_client.errors import (
    AccessRefusedError,
    BatchRefusedError,
    CertificateRefusedError,
    ClosedError,
    DeviceError,
    IngestError,
    ProtocolError,
    RecordTooLargeError,
    StoppedError,
    TransientError,
)
from tenantry.ingest_client.report import Counters, Drop, DropReason

__all__ = [
    "RECORD_BYTES",
    "AccessRefusedError",
    "BatchRefusedError",
    "CertificateRefusedError",
    "ClosedError",
    "Counters",
    "Credentials",
    "CredentialsProvider",
    "Device",
    "DeviceError",
    "Drop",
    "DropReason",
    "IngestClient",
    "IngestError",
    "ProtocolError",
    "RecordTooLargeError",
    "StoppedError",
    "TransientError",
]
