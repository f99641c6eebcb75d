"""Execute described calls: one driver awaits, one blocks.

A driver class is the base of a client.  Creating a subclass turns each of its endpoints and
streams into a plain method.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterable
from typing import Any, TypeVar, get_args, get_origin

from justclick_async.calls import Call, Flow, Page, Pause, Steps, Stream
from justclick_async.decorators import client_method, endpoint, stream
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.privacy import clear_locals

__all__ = ["AsyncDriver", "Driver", "drive", "refuse_options", "resume"]

R = TypeVar("R")
T = TypeVar("T")
G = TypeVar("G")


async def drive(steps: Steps[R], take: Callable[[Call[Any] | Pause], Awaitable[object]]) -> R:
    """Execute *steps* one after the other and return their result."""
    flow = _check_fresh(iter(steps))
    try:
        step = next(flow)
    except StopIteration as end:
        result: R = end.value
        return result
    return await resume(flow, step, take)


async def resume(
    flow: Flow[R], step: Call[Any] | Pause, take: Callable[[Call[Any] | Pause], Awaitable[object]]
) -> R:
    """Execute *step*, the current one of *flow*, and all that follow; return the result."""
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
        flow.close()  # run its ``finally`` now if cancelled


def _check_fresh(flow: G) -> G:
    """Return a generator that has not started; one that has ended would look like success."""
    if inspect.isgenerator(flow) and inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise InvalidInput(
            _("the flow has already been executed."),
            field="steps",
            hint=_("Create it for each execution: client.run(my_flow(...))."),
        )
    return flow


def _single_step(step: Pause) -> Flow[None]:
    yield step


class _EndpointMethods:
    """Converts the endpoints and streams of a client class to plain methods."""

    _generator_type: Any
    _generator_args: tuple[None, ...]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, member in inspect.getmembers_static(cls):
            if isinstance(member, endpoint):
                setattr(
                    cls,
                    name,
                    cls._build_method(name, member.describe, cls._make_method, _result_annotation),
                )
            elif isinstance(member, stream):
                setattr(
                    cls,
                    name,
                    cls._build_method(
                        name, member.describe, cls._make_iterator, cls._item_annotation
                    ),
                )
            elif isinstance(member, client_method):
                if inspect.iscoroutinefunction(member.function):
                    method = cls._build_method(
                        name, member.function, cls._make_coroutine_method, _same_annotation
                    )
                else:
                    method = cls._build_method(
                        name, member.function, cls._make_generator_method, cls._generator_annotation
                    )
                setattr(cls, name, method)

    @classmethod
    def _item_annotation(cls, annotation: object) -> object:
        """Return the return type of a method whose description returns ``Stream[T]``."""
        steps = get_args(get_args(annotation)[0])
        (found,) = (step for step in steps if get_origin(step) is Page)
        return cls._generator_type[(get_args(found)[0], *cls._generator_args)]

    @classmethod
    def _generator_annotation(cls, annotation: object) -> object:
        """Return the return type of a method whose function returns ``AsyncGenerator[T, None]``."""
        return cls._generator_type[(get_args(annotation)[0], *cls._generator_args)]

    @classmethod
    def _build_method(
        cls,
        name: str,
        describe: Callable[..., Any],
        doing: Callable[[Callable[..., Any]], Callable[..., object]],
        returns: Callable[[object], object],
    ) -> Callable[..., object]:
        signature = _signature(describe)
        method: Any = functools.wraps(describe)(doing(_refuse_options(describe, signature)))
        answer = returns(signature.return_annotation)
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        others = [each for each in signature.parameters.values() if each.name != "client"]
        method.__signature__ = signature.replace(
            parameters=[itself, *others], return_annotation=answer
        )
        method.__annotations__ = describe.__annotations__ | {"return": answer}
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        method.__module__ = cls.__module__  # where pickle finds it
        return method  # type: ignore[no-any-return]

    @staticmethod
    def _make_method(describe: Callable[..., Steps[Any]]) -> Callable[..., object]:
        raise NotImplementedError

    @staticmethod
    def _make_iterator(describe: Callable[..., Stream[Any]]) -> Callable[..., object]:
        raise NotImplementedError

    @staticmethod
    def _make_coroutine_method(
        function: Callable[..., Coroutine[Any, Any, Any]],
    ) -> Callable[..., object]:
        raise NotImplementedError

    @staticmethod
    def _make_generator_method(
        function: Callable[..., AsyncGenerator[Any, None]],
    ) -> Callable[..., object]:
        raise NotImplementedError


def _same_annotation(annotation: object) -> object:
    return annotation


def _signature(describe: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a description, which must have a return annotation."""
    try:
        signature = inspect.signature(describe, eval_str=True)
    except NameError as error:
        raise TypeError(
            f"{describe.__qualname__}: {error.name} must be imported at run time, not only for "
            "type checkers: the client's method shows it"
        ) from error
    if not (get_args(signature.return_annotation) or inspect.iscoroutinefunction(describe)):
        raise TypeError(f"{describe.__qualname__} must return Call[...], Flow[...] or Stream[...]")
    return signature


def _refuse_options(
    describe: Callable[..., Any], signature: inspect.Signature
) -> Callable[..., Any]:
    """Return *describe* so that it refuses options of the client, which are not its own."""
    accepted = set(signature.parameters)
    for each in signature.parameters.values():
        for keywords in get_args(each.annotation):  # Unpack[ImportKeywords]
            accepted |= getattr(keywords, "__annotations__", {}).keys()
    options = _OPTIONS - accepted

    def checked(*args: object, **kwargs: object) -> Any:
        if kwargs and not options.isdisjoint(kwargs):
            refuse_options(describe.__name__, options & kwargs.keys())
        return describe(*args, **kwargs)

    return checked


_OPTIONS = frozenset({"timeout", "retries", "rate"})


def refuse_options(method: str, given: Iterable[str]) -> None:
    """Refuse keywords that a method does not take; point options of the client to the client.

    Raises:
        TypeError: There is one.
    """
    for option in given:
        if option not in _OPTIONS:
            raise TypeError(f"{method}() got an unexpected keyword argument {option!r}")
        raise InvalidInputType(
            _(
                "{option} is an option of the client, not of {method}().",
                option=option,
                method=method,
            ),
            field=option,
            hint=_(
                "Use client.with_options({option}=...), a client with that option.",
                option=option,
            ),
        )


def _result_annotation(annotation: object) -> object:
    """Return the return type of a method whose description returns ``Call[R]`` or ``Flow[R]``."""
    answer = get_args(annotation)[-1]
    return None if answer is type(None) else answer


class AsyncDriver(_EndpointMethods):
    """The base of asynchronous clients; subclasses implement ``run``."""

    _generator_type = AsyncGenerator
    _generator_args = (None,)

    async def run(self, steps: Steps[R]) -> R:
        """Execute a call or a flow and return its result."""
        raise NotImplementedError

    @staticmethod
    def _make_method(describe: Callable[..., Steps[Any]]) -> Callable[..., object]:
        async def method(self: AsyncDriver, /, *args: object, **kwargs: object) -> object:
            handled = sys.exception()
            try:
                steps = describe(*args, **kwargs)
            except Exception as error:
                clear_locals(error, handled=handled)
                raise
            finally:
                del args, kwargs, handled  # keep customers' data out of tracebacks
            return await self.run(steps)

        return method

    @staticmethod
    def _make_coroutine_method(
        function: Callable[..., Coroutine[Any, Any, Any]],
    ) -> Callable[..., object]:
        async def method(self: AsyncDriver, /, *args: object, **kwargs: object) -> object:
            return await function(self, *args, **kwargs)

        return method

    @staticmethod
    def _make_generator_method(
        function: Callable[..., AsyncGenerator[Any, None]],
    ) -> Callable[..., object]:
        def method(self: AsyncDriver, /, *args: object, **kwargs: object) -> object:
            return function(self, *args, **kwargs)

        return method

    @staticmethod
    def _make_iterator(describe: Callable[..., Stream[Any]]) -> Callable[..., object]:
        def method(self: AsyncDriver, /, *args: object, **kwargs: object) -> object:
            return self._iterate(describe(*args, **kwargs))

        return method

    async def _iterate(self, flow: Stream[T]) -> AsyncGenerator[T, None]:
        try:
            step = next(_check_fresh(flow))
            while True:
                if isinstance(step, Page):
                    for item in step.items:
                        yield item
                    step = flow.send(None)
                    continue
                try:
                    answer = await self.run(_single_step(step) if isinstance(step, Pause) else step)
                except Exception as error:  # noqa: BLE001  # the stream decides what it can deal with
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration:
            return
        finally:
            flow.close()


class Driver(_EndpointMethods):
    """The base of blocking clients; subclasses implement ``run``."""

    _generator_type = Generator
    _generator_args = (None, None)

    def run(self, steps: Steps[R]) -> R:
        """Execute a call or a flow and return its result."""
        raise NotImplementedError

    @staticmethod
    def _make_method(describe: Callable[..., Steps[Any]]) -> Callable[..., object]:
        def method(self: Driver, /, *args: object, **kwargs: object) -> object:
            handled = sys.exception()
            try:
                steps = describe(*args, **kwargs)
            except Exception as error:
                clear_locals(error, handled=handled)
                raise
            finally:
                del args, kwargs, handled  # keep customers' data out of tracebacks
            return self.run(steps)

        return method

    def _wait_for(self, start: Callable[[AsyncDriver], Coroutine[Any, Any, R]]) -> R:
        """Call *start* with the awaiting client behind this one, and wait for its result."""
        raise NotImplementedError

    def _relay(
        self, start: Callable[[AsyncDriver], AsyncGenerator[T, None]]
    ) -> Generator[T, None, None]:
        """Call *start* with the awaiting client behind this one, and yield its items."""
        raise NotImplementedError

    @staticmethod
    def _make_coroutine_method(
        function: Callable[..., Coroutine[Any, Any, Any]],
    ) -> Callable[..., object]:
        def method(self: Driver, /, *args: object, **kwargs: object) -> object:
            return self._wait_for(lambda client: function(client, *args, **kwargs))

        return method

    @staticmethod
    def _make_generator_method(
        function: Callable[..., AsyncGenerator[Any, None]],
    ) -> Callable[..., object]:
        def method(self: Driver, /, *args: object, **kwargs: object) -> object:
            return self._relay(lambda client: function(client, *args, **kwargs))

        return method

    @staticmethod
    def _make_iterator(describe: Callable[..., Stream[Any]]) -> Callable[..., object]:
        def method(self: Driver, /, *args: object, **kwargs: object) -> object:
            return self._iterate(describe(*args, **kwargs))

        return method

    def _iterate(self, flow: Stream[T]) -> Generator[T, None, None]:
        try:
            step = next(_check_fresh(flow))
            while True:
                if isinstance(step, Page):
                    yield from step.items
                    step = flow.send(None)
                    continue
                try:
                    answer = self.run(_single_step(step) if isinstance(step, Pause) else step)
                except Exception as error:  # noqa: BLE001  # the stream decides what it can deal with
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration:
            return
        finally:
            flow.close()
