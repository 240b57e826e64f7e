"""The attacks by surface, a module each or several; importing this package imports them all and fills the registry."""

from importlib import import_module
from pkgutil import iter_modules

from tenantry.attacks.registry import REGISTRY

for _module in iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)

__all__ = ["REGISTRY"]
