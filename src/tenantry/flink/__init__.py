"""The streaming application's package, built without Docker and without a JDK; knows nothing of the CDK."""

from tenantry.flink.jars import Jar, JarError, Use, cache_folder, fetch, pinned
from tenantry.flink.package import ENTRY, JAR, SOURCE, PackageError, java, package, package_hash

__all__ = [
    "ENTRY",
    "JAR",
    "SOURCE",
    "Jar",
    "JarError",
    "PackageError",
    "Use",
    "cache_folder",
    "fetch",
    "java",
    "package",
    "package_hash",
    "pinned",
]
