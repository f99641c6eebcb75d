"""One endpoint definition, two clients: the decorators of endpoints.

An endpoint is a pure function that returns a ``Call[R]`` or a ``Flow[R]`` and never uses the
network.  As a method of a client, it executes that::

    create_order(order)                              # Call[CreatedOrder]: nothing is sent
    await AsyncJustClick(...).create_order(order)    # CreatedOrder
    JustClick(...).create_order(order)               # CreatedOrder

The overloads of ``endpoint.__get__`` are for type checkers.  At run time, ``drivers`` converts the
endpoints of a client class to plain methods, so that ``help()``, ``inspect`` and
``create_autospec()`` work.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from justclick_async.calls import Call, Flow, Stream

if TYPE_CHECKING:
    from justclick_async.drivers import AsyncDriver, Driver

__all__ = ["client_method", "endpoint", "stream"]

P = ParamSpec("P")
R = TypeVar("R")
S_co = TypeVar("S_co", covariant=True)
T = TypeVar("T")


class endpoint(Generic[P, S_co]):  # noqa: N801  # reads as a decorator
    """A function that describes a call or a flow; a method of both clients that executes it."""

    def __init__(self, describe: Callable[P, S_co]) -> None:
        self.describe = describe
        functools.update_wrapper(self, describe)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> S_co:  # noqa: D102  # editors would show it in place of the endpoint's own
        return self.describe(*args, **kwargs)

    if TYPE_CHECKING:
        # Not ``Coroutine[Any, Any, R]``: mypy would then infer ``Any`` from
        # ``asyncio.gather(a, b)`` as soon as the two answers differ in type.
        # And not ``Steps[R]`` for both kinds at once: mypy does not match a protocol
        # to the ``self`` of ``__get__``.
        @overload
        def __get__(
            self: endpoint[P, Call[R]], client: AsyncDriver, owner: object
        ) -> Callable[P, Coroutine[object, object, R]]: ...
        @overload
        def __get__(
            self: endpoint[P, Flow[R]], client: AsyncDriver, owner: object
        ) -> Callable[P, Coroutine[object, object, R]]: ...
        @overload
        def __get__(
            self: endpoint[P, Call[R]], client: Driver, owner: object
        ) -> Callable[P, R]: ...
        @overload
        def __get__(
            self: endpoint[P, Flow[R]], client: Driver, owner: object
        ) -> Callable[P, R]: ...
        @overload
        def __get__(self, client: None, owner: object) -> endpoint[P, S_co]: ...
        def __get__(self, client: object, owner: object) -> object: ...


class stream(Generic[P, T]):  # noqa: N801  # reads as a decorator
    """A function that describes a stream; a method of both clients that iterates over it."""

    def __init__(self, describe: Callable[P, Stream[T]]) -> None:
        self.describe = describe
        functools.update_wrapper(self, describe)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Stream[T]:  # noqa: D102  # as above
        return self.describe(*args, **kwargs)

    if TYPE_CHECKING:

        @overload
        def __get__(
            self, client: AsyncDriver, owner: object
        ) -> Callable[P, AsyncGenerator[T, None]]: ...
        @overload
        def __get__(
            self, client: Driver, owner: object
        ) -> Callable[P, Generator[T, None, None]]: ...
        @overload
        def __get__(self, client: None, owner: object) -> stream[P, T]: ...
        def __get__(self, client: object, owner: object) -> object: ...


class client_method(Generic[P, S_co]):  # noqa: N801  # reads as a decorator
    """A function of an awaiting client that returns a coroutine or an asynchronous generator.

    It is a method of both clients, for what sends many requests at once.
    """

    def __init__(self, function: Callable[Concatenate[Any, P], S_co]) -> None:
        self.function = function
        functools.update_wrapper(self, function)

    def __call__(self, client: Any, *args: P.args, **kwargs: P.kwargs) -> S_co:  # noqa: D102  # as above
        return self.function(client, *args, **kwargs)

    if TYPE_CHECKING:

        @overload
        def __get__(
            self: client_method[P, Coroutine[Any, Any, R]], client: AsyncDriver, owner: object
        ) -> Callable[P, Coroutine[object, object, R]]: ...
        @overload
        def __get__(
            self: client_method[P, AsyncGenerator[T, None]], client: AsyncDriver, owner: object
        ) -> Callable[P, AsyncGenerator[T, None]]: ...
        @overload
        def __get__(
            self: client_method[P, Coroutine[Any, Any, R]], client: Driver, owner: object
        ) -> Callable[P, R]: ...
        @overload
        def __get__(
            self: client_method[P, AsyncGenerator[T, None]], client: Driver, owner: object
        ) -> Callable[P, Generator[T, None, None]]: ...
        @overload
        def __get__(self, client: None, owner: object) -> client_method[P, S_co]: ...
        def __get__(self, client: object, owner: object) -> object: ...
