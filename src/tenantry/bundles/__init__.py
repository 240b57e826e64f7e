"""Bundles of Lambda functions, made without Docker; knows nothing of the CDK."""

from tenantry.bundles.bundle import AWS_ARM64, BundleError, BundleTarget, bundle, bundle_hash, host_target
from tenantry.bundles.locks import RuntimeLock, find_lock
from tenantry.bundles.record import IMAGE, METADATA, Recorded, asset_hash
from tenantry.bundles.sources import RUNTIME, Source, function_sources, package_folder

__all__ = [
    "AWS_ARM64",
    "IMAGE",
    "METADATA",
    "RUNTIME",
    "BundleError",
    "BundleTarget",
    "Recorded",
    "RuntimeLock",
    "Source",
    "asset_hash",
    "bundle",
    "bundle_hash",
    "find_lock",
    "function_sources",
    "host_target",
    "package_folder",
]
