"""One endpoint definition, two clients.

An endpoint is a pure function.  It *describes* what to ask and returns that as a ``Call[R]`` or a
``Flow[R]``; it never touches the network.  As an attribute of a client, it does::

    create_order(order)                              # Call[CreatedOrder]: nothing is sent
    await AsyncJustClick(...).create_order(order)    # CreatedOrder
    JustClick(...).create_order(order)               # CreatedOrder

Type checkers and editors learn this from the overloads of ``endpoint.__get__``.  At run time no
descriptor is left: creating a client class turns each of its endpoints into a plain method, so
``help()``, ``inspect`` and ``create_autospec()`` just work.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    ParamSpec,
    TypeVar,
    get_args,
    get_origin,
    overload,
)

from justclick_async.calls import Call, Flow, Found, Pause, Steps, Stream
from justclick_async.errors import InvalidInput
from justclick_async.privacy import drop_variables

__all__ = ["AsyncDriver", "Driver", "carry_on", "drive", "endpoint", "stream"]

P = ParamSpec("P")
R = TypeVar("R")
S_co = TypeVar("S_co", covariant=True)
T = TypeVar("T")
G = TypeVar("G")


class endpoint(Generic[P, S_co]):  # noqa: N801  # reads as a decorator
    """A function that describes steps; a method of both clients that takes them."""

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
    """A function that describes how to go through many things; a method that iterates."""

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


# ── Drivers ─────────────────────────────────────────────────────────────────────────


async def drive(steps: Steps[R], take: Callable[[Call[Any] | Pause], Awaitable[object]]) -> R:
    """Take *steps* one after the other and return what they lead to."""
    flow = _fresh(iter(steps))
    try:
        step = next(flow)
    except StopIteration as end:
        result: R = end.value
        return result
    return await carry_on(flow, step, take)


async def carry_on(
    flow: Flow[R], step: Call[Any] | Pause, take: Callable[[Call[Any] | Pause], Awaitable[object]]
) -> R:
    """Take *step*, at which *flow* stands, and all that follow; return what they lead to."""
    try:
        while True:
            try:
                answer = await take(step)
            except Exception as error:  # noqa: BLE001  # the flow decides what it can deal with
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        flow.close()  # cancelled half-way, its own ``finally`` must run now, not some day


def _fresh(flow: G) -> G:
    """Return a generator that nobody has begun; one that has ended would look like success."""
    if inspect.isgenerator(flow) and inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise InvalidInput(
            "these steps were taken already.",
            field="steps",
            hint="Describe them again for each run: client.run(my_flow(...)).",
            hint_ru="Опишите их заново для каждого запуска: client.run(my_flow(...)).",
        )
    return flow


def _one(step: Pause) -> Flow[None]:
    yield step


class _Client:
    """Turns the endpoints and streams of a client class into plain methods."""

    _iterator: Any
    _closing: tuple[None, ...]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, member in inspect.getmembers_static(cls):
            if isinstance(member, endpoint):
                setattr(cls, name, cls._method(name, member.describe, cls._taking, _answer))
            elif isinstance(member, stream):
                setattr(cls, name, cls._method(name, member.describe, cls._iterating, cls._each))

    @classmethod
    def _each(cls, annotation: object) -> object:
        """Say what a method returns whose description is annotated as a ``Stream[T]``."""
        steps = get_args(get_args(annotation)[0])
        (found,) = (step for step in steps if get_origin(step) is Found)
        return cls._iterator[(get_args(found)[0], *cls._closing)]

    @classmethod
    def _method(
        cls,
        name: str,
        describe: Callable[..., Any],
        doing: Callable[[Callable[..., Any]], Callable[..., object]],
        returns: Callable[[object], object],
    ) -> Callable[..., object]:
        method: Any = functools.wraps(describe)(doing(describe))
        signature = _signature(describe)
        answer = returns(signature.return_annotation)
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        method.__signature__ = signature.replace(
            parameters=[itself, *signature.parameters.values()], return_annotation=answer
        )
        method.__annotations__ = describe.__annotations__ | {"return": answer}
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        method.__module__ = cls.__module__  # where pickle finds it
        return method  # type: ignore[no-any-return]

    @staticmethod
    def _taking(describe: Callable[..., Steps[Any]]) -> Callable[..., object]:
        raise NotImplementedError

    @staticmethod
    def _iterating(describe: Callable[..., Stream[Any]]) -> Callable[..., object]:
        raise NotImplementedError


def _signature(describe: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a description, which has to say what it returns."""
    try:
        signature = inspect.signature(describe, eval_str=True)
    except NameError as error:
        raise TypeError(
            f"{describe.__qualname__}: {error.name} must be imported at run time, not only for "
            "type checkers: the client's method shows it"
        ) from error
    if not get_args(signature.return_annotation):
        raise TypeError(f"{describe.__qualname__} must return Call[...], Flow[...] or Stream[...]")
    return signature


def _answer(annotation: object) -> object:
    """Say what a method returns whose description is annotated as ``Call[R]`` or ``Flow[R]``."""
    answer = get_args(annotation)[-1]
    return None if answer is type(None) else answer


class AsyncDriver(_Client):
    """Awaits answers.  A subclass says how, in ``run``."""

    _iterator = AsyncGenerator
    _closing = (None,)

    async def run(self, steps: Steps[R]) -> R:
        """Carry out a call or a flow and return what it leads to."""
        raise NotImplementedError

    @staticmethod
    def _taking(describe: Callable[..., Steps[Any]]) -> Callable[..., object]:
        async def method(self: AsyncDriver, /, *args: object, **kwargs: object) -> object:
            handled = sys.exception()
            try:
                steps = describe(*args, **kwargs)
            except Exception as error:
                drop_variables(error, handled=handled)
                raise
            finally:
                del args, kwargs, handled  # what a customer is called stands in no traceback
            return await self.run(steps)

        return method

    @staticmethod
    def _iterating(describe: Callable[..., Stream[Any]]) -> Callable[..., object]:
        def method(self: AsyncDriver, /, *args: object, **kwargs: object) -> object:
            return self._iterate(describe(*args, **kwargs))

        return method

    async def _iterate(self, flow: Stream[T]) -> AsyncGenerator[T, None]:
        try:
            step = next(_fresh(flow))
            while True:
                if isinstance(step, Found):
                    for item in step.items:
                        yield item
                    step = flow.send(None)
                    continue
                try:
                    answer = await self.run(_one(step) if isinstance(step, Pause) else step)
                except Exception as error:  # noqa: BLE001  # the stream decides what it can deal with
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration:
            return
        finally:
            flow.close()


class Driver(_Client):
    """Blocks until an answer is there.  A subclass says how, in ``run``."""

    _iterator = Generator
    _closing = (None, None)

    def run(self, steps: Steps[R]) -> R:
        """Carry out a call or a flow and return what it leads to."""
        raise NotImplementedError

    @staticmethod
    def _taking(describe: Callable[..., Steps[Any]]) -> Callable[..., object]:
        def method(self: Driver, /, *args: object, **kwargs: object) -> object:
            handled = sys.exception()
            try:
                steps = describe(*args, **kwargs)
            except Exception as error:
                drop_variables(error, handled=handled)
                raise
            finally:
                del args, kwargs, handled  # what a customer is called stands in no traceback
            return self.run(steps)

        return method

    @staticmethod
    def _iterating(describe: Callable[..., Stream[Any]]) -> Callable[..., object]:
        def method(self: Driver, /, *args: object, **kwargs: object) -> object:
            return self._iterate(describe(*args, **kwargs))

        return method

    def _iterate(self, flow: Stream[T]) -> Generator[T, None, None]:
        try:
            step = next(_fresh(flow))
            while True:
                if isinstance(step, Found):
                    yield from step.items
                    step = flow.send(None)
                    continue
                try:
                    answer = self.run(_one(step) if isinstance(step, Pause) else step)
                except Exception as error:  # noqa: BLE001  # the stream decides what it can deal with
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration:
            return
        finally:
            flow.close()
