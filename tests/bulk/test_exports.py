"""The names that the package exports, and what its modules import."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest

from justclick_async import bulk


def test_every_exported_name_can_be_loaded() -> None:
    assert [name for name in bulk.__all__ if not hasattr(bulk, name)] == []


def test_no_module_imports_itself_through_others() -> None:
    """Imports within functions count, since they would hide a cycle."""
    grimp = pytest.importorskip("grimp", reason="import-linter is not installed")
    graph = grimp.build_graph("justclick_async", exclude_type_checking_imports=True, cache_dir=None)
    imports = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
        if module.startswith("justclick_async.bulk.")
    }
    assert "justclick_async.bulk.importer" in list(TopologicalSorter(imports).static_order())
