"""Records of many tenants from a stream into a data lake: the application and the lake."""

from tenant_streaming.application import StreamingApplication
from tenant_streaming.data_lake import DataLake, LakeFormat

__all__ = [
    "DataLake",
    "LakeFormat",
    "StreamingApplication",
]
