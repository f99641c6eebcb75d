"""Warnings for methods that the service has deprecated."""

import warnings

__all__ = ["warn_deprecated"]


def warn_deprecated(replacement: str, method: str) -> None:
    """Issue a DeprecationWarning for the caller of the endpoint.

    One more frame is in between: the method of the client, or ``endpoint.__call__``.
    """
    warnings.warn(
        f"{method}() is deprecated by the service; use {replacement}()",
        DeprecationWarning,
        stacklevel=4,
    )
