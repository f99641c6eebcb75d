"""Processing untrusted text takes linear time."""

from __future__ import annotations

import pytest

from tests.linear_time import TEXTS, too_fast


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUSTCLICK_LOGIN", "username")
    monkeypatch.setenv("JUSTCLICK_API_KEY", "0a1B2c3D4e" * 4)


@pytest.mark.untraced  # what measures coverage takes longer than the code
@pytest.mark.parametrize("name", TEXTS)
def test_no_shape_of_a_text_takes_more_than_linear_time(name: str) -> None:
    assert too_fast(TEXTS[name]) == []
