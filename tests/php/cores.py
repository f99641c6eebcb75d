"""Each test of a module that imports this fixture runs once with each core; its name says which."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from justclick_async.php import core

CORES = ["pure"] if os.environ.get("JUSTCLICK_NO_EXTENSIONS") else ["pure", "compiled"]


@pytest.fixture(scope="module", params=CORES, autouse=True)
def each_core(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let one core encode and sign; there must be a compiled one if JUSTCLICK_EXTENSIONS is set."""
    if request.param == "compiled" and core.compiled is None:
        give_up = pytest.fail if os.environ.get("JUSTCLICK_EXTENSIONS") else pytest.skip
        give_up(f"there is no compiled core: {core.WHY_PURE}")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "pure":
            patch.setattr(core, "compiled", None)
        yield request.param
