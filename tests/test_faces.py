"""What inspect, help() and mocks see of a method that was defined once for two clients."""

from __future__ import annotations

import inspect
import pickle
import pydoc
from typing import Any, get_type_hints
from unittest.mock import AsyncMock, create_autospec

import pytest

from justclick_async import AsyncJustClick, CreatedOrder, JustClick, endpoint
from justclick_async.endpoints import V1, V2
from justclick_async.endpoints.orders import create_order
from tests.service import KEY, LOGIN

METHODS = [
    (face, name)
    for faces, table in (
        ((AsyncJustClick, JustClick), V1),
        ((type(AsyncJustClick(LOGIN, KEY).v2), type(JustClick(LOGIN, KEY).v2)), V2),
    )
    for face in faces
    for name, member in vars(table).items()
    if isinstance(member, endpoint)
]


@pytest.mark.parametrize(("face", "name"), METHODS)
def test_every_method_of_both_clients_has_a_signature_and_a_docstring(
    face: type[Any], name: str
) -> None:
    method = getattr(face, name)
    signature = inspect.signature(method)
    first, *others = signature.parameters.values()
    assert first.name == "self"
    assert all(each.annotation is not inspect.Parameter.empty for each in others)
    assert signature.return_annotation is not inspect.Signature.empty
    assert "Call[" not in str(signature.return_annotation)
    assert (method.__doc__ or "").count("\n") > 3
    assert method.__qualname__ == f"{face.__name__}.{name}"
    assert inspect.iscoroutinefunction(method) is face.__name__.startswith("Async")
    for each in others:
        assert f"{each.name}:" in method.__doc__, f"{each.name} is not in the docstring"


def test_the_clients_have_the_same_methods() -> None:
    def public(face: type[Any]) -> set[str]:
        return {name for name in dir(face) if not name.startswith("_")}

    assert public(AsyncJustClick) == public(JustClick)


def test_help_shows_an_endpoint_as_a_method() -> None:
    assert "create_order(self" in pydoc.plain(pydoc.render_doc(JustClick))
    assert get_type_hints(JustClick.create_order)["return"] is CreatedOrder
    assert inspect.getsource(JustClick.create_order).startswith("@endpoint\ndef create_order(")
    assert pickle.loads(pickle.dumps(JustClick.create_order)) is JustClick.create_order
    assert create_order.__name__ == "create_order"


def test_mocks_know_which_client_awaits_and_check_the_arguments() -> None:
    fake = create_autospec(AsyncJustClick, instance=True)
    assert isinstance(fake.create_order, AsyncMock)
    assert not isinstance(create_autospec(JustClick, instance=True).create_order, AsyncMock)
    with pytest.raises(TypeError, match="missing a required argument: 'order'"):
        fake.create_order()


def test_a_wrong_call_is_told_in_terms_of_the_endpoint() -> None:
    untyped: Any = JustClick(LOGIN, KEY)
    with pytest.raises(TypeError, match=r"create_order\(\) missing 1 required positional"):
        untyped.create_order()
    with pytest.raises(TypeError, match=r"get_bills\(\) takes 1 positional argument but 2"):
        untyped.get_bills("a@example.com", "paid")
