"""
A replay that can be wound to any step: what each fact changed, and the documents after any of them.

Patches are kept, and all documents every KEYFRAME steps: so a long history takes little memory, and any step is near.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.postgres.as_of.replay import ReplayStep, name_of
from domain.fact import Fact
from projections.engine.steps import Patch, patched

KEYFRAME = 64  # steps
Documents = Mapping[str, Any]
"""Documents as plain JSON, by name."""


class Frame(NamedTuple):
    """A fact, the patches of the documents that it changed, and the read models that fail at it, with their errors."""

    fact: Fact
    patches: Mapping[str, Patch]
    failed: Sequence[tuple[str, str]]


class Tape:
    """The steps of a replay, numbered from 0; before the first, there are no documents."""

    def __init__(self, played: Iterable[ReplayStep]) -> None:
        self.frames: list[Frame] = []
        self._keyframes: list[Documents] = [{}]
        documents: dict[str, Any] = {}
        for step in played:
            patches = {name_of(change.row): change.patch for change in step.changes}
            self.frames.append(Frame(step.fact, patches, step.failed))
            documents |= {name_of(change.row): change.after for change in step.changes}
            if len(self.frames) % KEYFRAME == 0:
                self._keyframes.append(dict(documents))

    def __len__(self) -> int:
        return len(self.frames)

    def after(self, number: int) -> Documents:
        """The documents after a step; -1 is before the first."""
        nearest = (number + 1) // KEYFRAME
        documents = dict(self._keyframes[nearest])
        for frame in self.frames[nearest * KEYFRAME : number + 1]:
            for name, patch in frame.patches.items():
                documents[name] = patched(documents.get(name), patch)
        return documents

    def along(self, positions: Iterable[int]) -> Iterator[Documents]:
        """The documents as of each of some ascending positions."""
        documents: dict[str, Any] = {}
        number = 0
        for position in positions:
            while number < len(self.frames) and self.frames[number].fact.position <= position:
                for name, patch in self.frames[number].patches.items():
                    documents[name] = patched(documents.get(name), patch)
                number += 1
            yield dict(documents)

    def as_of(self, position: int) -> Documents:
        """The documents as of a position."""
        return self.after(number_at(self.frames, position))


def number_at(frames: Sequence[Frame], moment: int | datetime) -> int:
    """The last step up to a position, or the last before a fact that happened later than a time; -1 for none."""
    for number, frame in enumerate(frames):
        at = frame.fact.position if isinstance(moment, int) else frame.fact.occurred_at
        if at > moment:  # type: ignore[operator]
            return number - 1
    return len(frames) - 1


def next_change(frames: Sequence[Frame], number: int, field: str) -> int | None:
    """The first step after this one that changes a field, `best_bp` or a way into it; None if there is none."""
    way = [part for part in field.split("/") if part]
    for following in range(number + 1, len(frames)):
        if any(_touches(patch, way) for patch in frames[following].patches.values()):
            return following
    return None


def _touches(patch: Patch, way: list[str]) -> bool:
    for operation in patch:
        for pointer in (operation["path"], operation.get("from")):
            if pointer is None:
                continue
            parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
            if parts[: len(way)] == way or (parts == way[: len(parts)] and _has(operation, way[len(parts) :])):
                return True
    return False


def _has(operation: Mapping[str, Any], rest: list[str]) -> bool:
    """Whether what is added or taken away at a pointer has a value at the rest of a way."""
    value = operation.get("value")
    for name in rest:
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return operation["op"] in {"remove", "move"}
    return True


class Differing(NamedTuple):
    """A value that the two rules do not agree on."""

    document: str
    path: str
    today: Any
    changed: Any


def differences(today: Documents, changed: Documents) -> Iterator[Differing]:
    """The values in which documents differ, each once, by name and path."""
    for name in sorted({**today, **changed}):
        yield from _within(name, "", today.get(name), changed.get(name))


def _within(name: str, path: str, one: Any, other: Any) -> Iterator[Differing]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({**one, **other}):
            yield from _within(name, f"{path}/{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _within(name, f"{path}/{number}", left, right)
    elif type(one) is not type(other) or one != other:
        yield Differing(name, path, one, other)
