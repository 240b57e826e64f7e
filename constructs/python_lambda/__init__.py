"""Lambda functions in Python, bundled on the machine that synthesizes the app, without Docker."""

from python_lambda.account import in_own_account, service_principal
from python_lambda.bundle import AWS_ARM64, BundleError, BundleTarget, bundle, bundle_hash, host_target
from python_lambda.checks import acknowledge
from python_lambda.function import FunctionDefaults, PythonFunction
from python_lambda.stores import LOG, declare_application, declare_store

__all__ = [
    "AWS_ARM64",
    "LOG",
    "BundleError",
    "BundleTarget",
    "FunctionDefaults",
    "PythonFunction",
    "acknowledge",
    "bundle",
    "bundle_hash",
    "declare_application",
    "declare_store",
    "host_target",
    "in_own_account",
    "service_principal",
]
