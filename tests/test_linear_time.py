"""Processing untrusted text takes linear time."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.linear_time import TEXTS, too_fast


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUSTCLICK_LOGIN", "username")
    monkeypatch.setenv("JUSTCLICK_API_KEY", "0a1B2c3D4e" * 4)


@pytest.fixture(autouse=True)
def _untraced() -> Iterator[None]:
    """Measure the code alone: what measures coverage takes longer than the code."""
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)


@pytest.mark.parametrize("name", TEXTS)
def test_no_shape_of_a_text_takes_more_than_linear_time(name: str) -> None:
    assert too_fast(TEXTS[name]) == []
