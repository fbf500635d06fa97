"""
How an aggregate records a fact and remembers it, as the `eventsourcing` library does.

The library looks at signatures, copies the fields and filters them for each fact. Here, what is the same for all facts
of a class is found out once; what does not fit (a field with a default, a fact with a way of its own) goes the
library's way. Imports, commands and replays do this for each fact (decisions/0374).
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar, cast

from eventsourcing.domain import (
    CanMutateAggregate,
    CommandMethodDecorator,
    MetaDomainEvent,
    OriginatorIDError,
    OriginatorVersionError,
    decorated_func_callers,
    decorated_funcs,
)

MethodT = TypeVar("MethodT", bound=Callable[..., None])


class MetaFactEvent(MetaDomainEvent):
    """
    Makes classes of facts, which are compared and shown by the methods of `FactEvent`.

    The library generates these methods for each class, which is a third of what importing the domain takes, in every
    process.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        made: Any = type.__new__(cls, name, bases, namespace)
        dataclass(frozen=True, eq=False, repr=False)(made)
        made.__signature__ = inspect.signature(made.__init__)
        return made


class FactEvent(CanMutateAggregate[str], metaclass=MetaFactEvent):
    """What every fact has beside its own fields."""

    originator_id: str
    originator_version: int
    timestamp: datetime

    def mutate(self, aggregate: Any) -> Any:
        """
        Let *aggregate* remember this fact.

        Raises:
            OriginatorIDError, OriginatorVersionError: it is no fact of this aggregate, or not the next one.
        """
        remembered = _remembered(type(self))
        if remembered is None:
            return super().mutate(aggregate)
        state = self.__dict__
        version, before = state["originator_version"], aggregate.version
        if state["originator_id"] != aggregate.id:
            raise OriginatorIDError(state["originator_id"], aggregate.id)
        if version != before + 1:
            raise OriginatorVersionError(version, before + 1)
        remembered.by(aggregate, *[state[name] for name in remembered.names])
        aggregate.version, aggregate.modified_on = version, state["timestamp"]
        return aggregate

    def __eq__(self, other: object) -> bool:
        """Whether the other one is of the same class, with the same fields."""
        return type(other) is type(self) and _fields_of(self) == _fields_of(other)

    def __hash__(self) -> int:
        """Of its place, which it has alone."""
        return hash((self.originator_id, self.originator_version))

    def __repr__(self) -> str:
        """As a dataclass is shown."""
        return (
            f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in _fields_of(self).items())})"
        )


def _fields_of(fact: Any) -> dict[str, Any]:
    return {each.name: getattr(fact, each.name) for each in fields(fact)}


class Remembered(NamedTuple):
    """The method that remembers a fact, and the fields that it takes, in its order."""

    by: Callable[..., None]
    names: tuple[str, ...]


@cache
def _remembered(cls: type[FactEvent]) -> Remembered | None:
    """How facts of a class are remembered; None if the library has to see to it."""
    method = decorated_funcs.get(cls)
    if method is None:
        return None
    names = _plain_names(method)
    return None if names is None or not set(names) <= set(own_fields(cls)) else Remembered(method, names)


def _plain_names(method: Callable[..., None]) -> tuple[str, ...] | None:
    """What a method takes beside the aggregate; None if one of its parameters is not plain or has a default."""
    _, *parameters = inspect.signature(method).parameters.values()
    if any(each.kind is not each.POSITIONAL_OR_KEYWORD or each.default is not each.empty for each in parameters):
        return None
    return tuple(each.name for each in parameters)


@cache
def own_fields(cls: type[FactEvent]) -> tuple[str, ...]:
    """The fields of a class of facts beside those of every fact, in their order, in which they are stored as well."""
    return tuple(each.name for each in fields(cls) if each.name not in FactEvent.__annotations__)  # type: ignore[arg-type]


def new_fact(cls: type[FactEvent], stream: str, version: int, given: dict[str, Any]) -> FactEvent | None:
    """A fact with the fields *given*, made without the constructor of its class; None if these are not all of them."""
    names = own_fields(cls)
    if len(given) != len(names):
        return None
    try:
        own = {name: given[name] for name in names}
    except KeyError:
        return None
    fact = object.__new__(cls)
    fact.__dict__.update(originator_id=stream, originator_version=version, timestamp=cls.create_timestamp(), **own)
    return fact


def event(fact: type[FactEvent]) -> Callable[[MethodT], MethodT]:
    """Decorates the method that remembers the facts of a class; to call it records one."""

    def decorate(method: MethodT) -> MethodT:
        return cast("MethodT", _Recording(fact, method))

    return decorate


class _Recording(CommandMethodDecorator):
    """The library's decorator; a call that gives every field by its place or its name takes the short way."""

    def __init__(self, fact: type[FactEvent], method: Callable[..., None]) -> None:
        super().__init__(event_spec=fact, decorated_obj=method)
        self._names = _plain_names(method)

    def __get__(self, instance: Any, owner: Any) -> Any:
        return super().__get__(instance, owner) if instance is None else partial(self._record, instance)

    def _record(self, aggregate: Any, *args: Any, **kwargs: Any) -> None:
        names = self._names
        if names is None or len(args) + len(kwargs) != len(names):
            super().__get__(aggregate, type(aggregate))(*args, **kwargs)
            return
        if args:
            kwargs.update(zip(names, args, strict=False))
        aggregate.trigger_event(decorated_func_callers[self], **kwargs)
