"""Names of a package that are imported on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str, names: Mapping[str, Collection[str]], modules: Collection[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package, so that importing it stays fast.

    The first imports the module of a name and keeps the value in the package, so that it is asked
    once for each name.  The second lists the names, imported or not.

    Args:
        package: Its name.
        names: The names that it exports, by the module that defines them.
        modules: Modules that it exports.
    """
    module_of = {name: module for module, defined in names.items() for name in defined}
    module_of |= {name: name for name in modules}

    def load(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{module_of[name]}")
        found: object = module if name in modules else getattr(module, name)
        setattr(sys.modules[package], name, found)
        return found

    return load, lambda: list(module_of)
