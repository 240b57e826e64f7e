"""Records of many tenants from a stream into a data lake: the application and the lake."""

from tenantry.streaming.application import StreamingApplication
from tenantry.streaming.data_lake import DataLake, LakeFormat

__all__ = [
    "DataLake",
    "LakeFormat",
    "StreamingApplication",
]
