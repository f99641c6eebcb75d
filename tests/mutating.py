"""Loaded by ``mutmut run`` (see ``pyproject.toml``): how Hypothesis is to work under mutation.

The same examples each time, so that a mutant either survives or not; and no complaint that a test
is run several times by one process, which is what mutation testing does.  The pure modules encode,
for they are what is changed.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mutating",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutating")
os.environ["JUSTCLICK_NO_EXTENSIONS"] = "1"
