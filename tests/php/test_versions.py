"""What is signed is read back unchanged by other versions of PHP."""

from __future__ import annotations

import shutil

import pytest

from tests.compare_php_versions import MODULES, differences, is_installed


@pytest.mark.skipif(
    shutil.which("node") is None or not is_installed(MODULES),
    reason="run python -m tests.compare_php_versions first, which installs PHP from npm",
)
@pytest.mark.parametrize("version", ["7.4", "8.5"])
def test_a_signed_request_is_read_back_unchanged(version: str) -> None:
    assert list(differences(version, 1000, 1, MODULES)) == []
