"""Probes of `ssm.path_grants`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


@probe(aws=["done", "AccessDeniedException", "AccessDeniedException"], ministack=["AccessDeniedException"] * 3)
def a_path_that_a_policy_names(emulator: Emulator) -> list[str]:
    path = f"/{emulator.name('path')}"
    emulator.client("ssm").put_parameter(Name=f"{path}/one", Value="1", Type="String")
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{path}"
    ssm = emulator.user(allow("ssm:GetParametersByPath", arn)).client("ssm")

    def listed(asked: str) -> str:
        return outcome(lambda: ssm.get_parameters_by_path(Path=asked))

    return [listed(path), listed(f"{path}/one"), listed("/")]
