"""Loaded by ``mutmut run`` (see ``pyproject.toml``): how Hypothesis is to work under mutation.

The same examples each time, so that a mutant either survives or not; and no complaint that a test
is run several times by one process, which is what mutation testing does.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mutating",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutating")
