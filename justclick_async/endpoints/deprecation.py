"""How the service's deprecated methods say what replaces them."""

import warnings

__all__ = ["replaced_by"]


def replaced_by(replacement: str, method: str) -> None:
    """Warn whoever called the endpoint that calls this.

    Between them stands one more frame: the client's method, or ``endpoint.__call__``.
    """
    warnings.warn(
        f"{method}() is deprecated by the service; use {replacement}()",
        DeprecationWarning,
        stacklevel=4,
    )
