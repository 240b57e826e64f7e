"""Lambda functions in Python, bundled on the machine that synthesizes the app, without Docker."""

from tenantry.bundles import (
    AWS_ARM64,
    RUNTIME,
    BundleError,
    BundleTarget,
    RuntimeLock,
    Source,
    bundle,
    bundle_hash,
    find_lock,
    function_sources,
    host_target,
    package_folder,
)
from tenantry.functions.account import in_own_account, service_principal
from tenantry.functions.checks import acknowledge, acknowledge_wildcard
from tenantry.functions.function import FunctionDefaults, PythonFunction
from tenantry.functions.proof import IsolationProof, prove_at_synthesis
from tenantry.functions.reach import acknowledge_reach
from tenantry.functions.stores import LOG, declare_application, declare_store

__all__ = [
    "AWS_ARM64",
    "LOG",
    "RUNTIME",
    "BundleError",
    "BundleTarget",
    "FunctionDefaults",
    "IsolationProof",
    "PythonFunction",
    "RuntimeLock",
    "Source",
    "acknowledge",
    "acknowledge_reach",
    "acknowledge_wildcard",
    "bundle",
    "bundle_hash",
    "declare_application",
    "declare_store",
    "find_lock",
    "function_sources",
    "host_target",
    "in_own_account",
    "package_folder",
    "prove_at_synthesis",
    "service_principal",
]
