"""A call is declared once, as a function, and bound twice: as a method and as a coroutine.

A function that returns a ``Call`` becomes a method of the client that sends it, with the
function's signature and docstring. What takes several calls is a generator of steps: each ``Call``
that it yields is sent, and what it answers, or raises, comes back.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass
from functools import wraps
from types import MethodType
from typing import (
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    overload,
)

from mcos_client.api.call import Call, Result
from mcos_client.errors import McosError

Item = TypeVar("Item")
P = ParamSpec("P")
S = TypeVar("S", covariant=True)
A = TypeVar("A", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Pause:
    """A step: wait; the answer is the time, in seconds since some moment."""

    seconds: float


@dataclass(frozen=True)
class Show(Generic[Item]):
    """A step: give the caller an item."""

    item: Item


Step: TypeAlias = Call[Any] | Pause | Show[Any]

Procedure: TypeAlias = Generator[Step, Any, Result]
"""Steps that lead to a result; items are not shown."""

Series: TypeAlias = Generator[Call[Any] | Pause | Show[Item], Any, Any]
"""Steps that show items; the result is not given."""


def ask(call: Call[Result]) -> Generator[Call[Any], Any, Result]:
    """Make a call, as a step; ``yield from`` it."""
    answer: Result = yield call
    return answer


def pause(seconds: float) -> Generator[Pause, Any, float]:
    """Wait, as a step, and get the time; ``yield from`` it."""
    now: float = yield Pause(seconds)
    return now


class Sends(ABC):
    """A client that has methods."""

    @abstractmethod
    def _send(self, call: Call[Result], /) -> Result:
        """Make a call, and give what it answers."""

    @abstractmethod
    def _pause(self, seconds: float, /) -> float:
        """Wait, and give the time."""


class SendsAsync(ABC):
    """A client that has coroutines."""

    @abstractmethod
    async def _send(self, call: Call[Result], /) -> Result:
        """Make a call, and give what it answers."""

    @abstractmethod
    async def _pause(self, seconds: float, /) -> float:
        """Wait, and give the time."""


class Bound(Generic[P, S, A]):
    """An attribute that is a method in a ``Sends`` and a coroutine in a ``SendsAsync``."""

    def __init__(self, method: Callable[..., S], coroutine: Callable[..., A]) -> None:
        self._method = method
        self._coroutine = coroutine

    def __set_name__(self, owner: type, name: str) -> None:
        for function in (self._method, self._coroutine):
            function.__name__ = name
            function.__qualname__ = f"{owner.__qualname__}.{name}"
            function.__module__ = owner.__module__

    @overload
    def __get__(
        self, instance: None, owner: type[SendsAsync]
    ) -> Callable[Concatenate[Any, P], A]: ...

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Callable[Concatenate[Any, P], S]: ...

    @overload
    def __get__(self, instance: Sends, owner: type[Any]) -> Callable[P, S]: ...

    @overload
    def __get__(self, instance: SendsAsync, owner: type[Any]) -> Callable[P, A]: ...

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        function = self._coroutine if issubclass(owner, SendsAsync) else self._method
        return function if instance is None else MethodType(function, instance)


def method(
    declared: Callable[P, Call[Result]],
    *,
    then: Callable[[Any, Result], None] = lambda client, result: None,
) -> Bound[P, Result, Coroutine[Any, Any, Result]]:
    """Bind one call.

    Parameters
    ----------
    then
        What the client does with the result before it gives it.
    """
    [result] = get_args(_returned(declared))

    @_like(declared, result)
    def send(self: Sends, *args: P.args, **kwargs: P.kwargs) -> Result:
        found = self._send(declared(*args, **kwargs))
        then(self, found)
        return found

    @_like(declared, result)
    async def send_async(self: SendsAsync, *args: P.args, **kwargs: P.kwargs) -> Result:
        found = await self._send(declared(*args, **kwargs))
        then(self, found)
        return found

    return Bound(send, send_async)


def procedure(
    declared: Callable[P, Procedure[Result]],
) -> Bound[P, Result, Coroutine[Any, Any, Result]]:
    """Bind several calls that lead to one result."""
    _, _, result = get_args(_returned(declared))

    @_like(declared, result)
    def run(self: Sends, *args: P.args, **kwargs: P.kwargs) -> Result:
        steps = declared(*args, **kwargs)
        step = _next(steps, None)
        while not isinstance(step, _End):
            step = _next(steps, _answer(self, step))
        found: Result = step.result
        return found

    @_like(declared, result)
    async def run_async(self: SendsAsync, *args: P.args, **kwargs: P.kwargs) -> Result:
        steps = declared(*args, **kwargs)
        step = _next(steps, None)
        while not isinstance(step, _End):
            step = _next(steps, await _answer_async(self, step))
        found: Result = step.result
        return found

    return Bound(run, run_async)


def series(
    declared: Callable[P, Series[Item]],
) -> Bound[P, Iterator[Item], AsyncIterator[Item]]:
    """Bind several calls that show items."""
    steps_of, _, _ = get_args(_returned(declared))
    [item] = (get_args(one)[0] for one in get_args(steps_of) if get_origin(one) is Show)

    @_like(declared, Iterator[item])  # type: ignore[valid-type]
    def iterate(self: Sends, *args: P.args, **kwargs: P.kwargs) -> Iterator[Item]:
        steps = declared(*args, **kwargs)
        step = _next(steps, None)
        while not isinstance(step, _End):
            if isinstance(step, Show):
                yield step.item
            step = _next(steps, _answer(self, step))

    @_like(declared, AsyncIterator[item])  # type: ignore[valid-type]
    async def iterate_async(
        self: SendsAsync, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[Item]:
        steps = declared(*args, **kwargs)
        step = _next(steps, None)
        while not isinstance(step, _End):
            if isinstance(step, Show):
                yield step.item
            step = _next(steps, await _answer_async(self, step))

    return Bound(iterate, iterate_async)


@dataclass(frozen=True)
class _End:
    """Stands for a step where there are no more."""

    result: Any


def _next(steps: Generator[Step, Any, Any], answer: Any) -> Step | _End:
    """Go to the next step; raise an answer that is an error where its step was made."""
    try:
        if isinstance(answer, McosError):
            return steps.throw(answer)
        return steps.send(answer)
    except StopIteration as end:
        return _End(end.value)


def _answer(client: Sends, step: Step) -> Any:
    if isinstance(step, Pause):
        return client._pause(step.seconds)
    if isinstance(step, Show):
        return None
    try:
        return client._send(step)
    except McosError as error:
        return error


async def _answer_async(client: SendsAsync, step: Step) -> Any:
    if isinstance(step, Pause):
        return await client._pause(step.seconds)
    if isinstance(step, Show):
        return None
    try:
        return await client._send(step)
    except McosError as error:
        return error


def like(declared: Callable[..., object]) -> Callable[[F], F]:
    """Give a method the docstring of another one."""

    def documented(function: F) -> F:
        function.__doc__ = declared.__doc__
        return function

    return documented


def _returned(declared: Callable[..., object]) -> Any:
    return inspect.signature(declared).return_annotation


def _like(declared: Callable[..., object], result: Any) -> Callable[[F], F]:
    """Give a function the docstring and the signature of ``declared``, behind ``self``."""

    def alike(function: F) -> F:
        signature = inspect.signature(declared)
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [itself, *signature.parameters.values()]
        made = wraps(declared)(function)
        del made.__wrapped__  # it has another signature
        made.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=parameters, return_annotation=result
        )
        made.__annotations__ = {**declared.__annotations__, "return": result}
        return made  # type: ignore[return-value]

    return alike
