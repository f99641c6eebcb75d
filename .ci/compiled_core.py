"""Compiles the core where that is possible; where it is not, the wheel is pure, and works, too.

JUSTCLICK_NO_EXTENSIONS=1 compiles nothing; with JUSTCLICK_EXTENSIONS=1 a failure is an error.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from contextlib import chdir
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "justclick_async.php._build_c"
SOURCE = Path("justclick_async/php/_build_c.pyx")


def is_wanted() -> bool:
    """Say whether to compile: not without a GIL, where another thread could change an array."""
    if os.environ.get("JUSTCLICK_NO_EXTENSIONS") or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    return sys.implementation.name == "cpython"


def compile_core(source: Path, folder: str) -> Path:
    """Compile a copy of the source, by relative paths, so that every build gives the same."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    with chdir(folder):
        SOURCE.parent.mkdir(parents=True, exist_ok=True)
        copyfile(source, SOURCE)
        flags = [] if sys.platform == "win32" else ["-g0", "-O2"]
        core = Extension(MODULE, [str(SOURCE)], extra_compile_args=flags)
        made = Distribution({"name": "core", "ext_modules": cythonize([core], quiet=True)})
        build = made.get_command_obj("build_ext")
        build.build_lib, build.build_temp = "lib", "objects"
        build.ensure_finalized()
        build.run()
        return Path(build.get_ext_fullpath(MODULE)).resolve()


class Hook(BuildHookInterface[Any]):
    """Adds the compiled core to a wheel, or to the source tree of an editable install."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what compiling needs."""
        return ["cython>=3.1,<4", "setuptools>=77"] if is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before anything is packed."""
        beside_source = Path(self.root, SOURCE).with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
        if version == "editable":
            beside_source.unlink(missing_ok=True)  # of an earlier install
        if not is_wanted():
            return
        self.folder = TemporaryDirectory()  # until the wheel is packed, or this goes
        try:
            built = compile_core(Path(self.root, SOURCE), self.folder.name)
        except (Exception, SystemExit) as error:  # no Cython, no compiler, no Python.h
            if os.environ.get("JUSTCLICK_EXTENSIONS"):
                raise
            self.app.display_warning(f"A pure wheel, for nothing compiles here: {error!r}")
            return
        build_data.update(pure_python=False, infer_tag=True)
        if version == "editable":  # found beside its source
            copyfile(built, beside_source)
        else:
            build_data["force_include"][str(built)] = str(SOURCE.with_name(built.name))
