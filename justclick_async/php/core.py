"""The compiled core, if it is installed and enabled.

It encodes and signs the usual cases and returns None for everything else, which the pure modules
then encode or refuse.  ``JUSTCLICK_NO_EXTENSIONS`` disables it.
"""

from __future__ import annotations

import os
from typing import Any, Final

__all__ = ["COMPILED", "VERSION", "WHY_PURE", "compiled"]

VERSION: Final = 1
"""Raised with each change of what ``_build_c.pyx`` does: a core that is older is not used."""

compiled: Any = None
"""The module ``_build_c``, or None."""
_why_pure: str | None = None

if os.environ.get("JUSTCLICK_NO_EXTENSIONS"):
    _why_pure = "JUSTCLICK_NO_EXTENSIONS is set"
else:
    try:
        from justclick_async.php import _build_c
    except ImportError:  # not built; or built for another libc, which must not stop us
        _why_pure = "there is no compiled core that this Python can load"
    else:
        if _build_c.VERSION == VERSION:
            compiled = _build_c
        else:
            _why_pure = "the compiled core is of another version: install again"

COMPILED: Final[bool] = compiled is not None
"""True if the compiled core is in use."""
WHY_PURE: Final[str | None] = _why_pure
"""Why nothing compiled is in use; None if it is."""
