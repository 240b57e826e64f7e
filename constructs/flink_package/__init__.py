"""The streaming application's package, built without Docker and without a JDK; knows nothing of the CDK."""

from flink_package._sources import STREAMING as SOURCE
from flink_package.jars import Jar, JarError, Use, cache_folder, fetch, pinned
from flink_package.package import ENTRY, JAR, PackageError, java, package, package_hash

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
