"""Steps as lines of text, for a pipe and for the player."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli.replay.tape import Differing, Documents, Frame, Tape

LONGEST = 80  # characters of a value


def head_of(frame: "Frame") -> str:
    """A fact in one line."""
    fact = frame.fact
    whom = "" if fact.meta.on_behalf_of in (None, fact.meta.actor) else f" for {fact.meta.on_behalf_of}"
    return f"{fact.position:,}  {fact.type}  {fact.occurred_at:%Y-%m-%d %H:%M:%S}  by {fact.meta.actor}{whom}"


def changes_of(frame: "Frame", before: "Documents") -> Iterator[str]:
    """What a fact changed, a line for each value; *before* are the documents before it."""
    for name, patch in frame.patches.items():
        for operation in patch:
            yield f"  {name} {_operation(operation, before.get(name))}"
    for projection, error in frame.failed:
        yield f"  {projection} fails: {error}"


def _operation(operation: Mapping[str, Any], document: Any) -> str:
    kind, path = operation["op"], operation["path"]
    if path == "":
        return f"new: {value_of(operation.get('value'))}"
    if kind == "replace":
        return f"{path}: {value_of(at(document, path))} -> {value_of(operation['value'])}"
    if kind == "remove":
        return f"{path}: {value_of(at(document, path))} -> nothing"
    if kind == "add":
        return f"{path}: + {value_of(operation['value'])}"
    return f"{path}: {kind} from {operation.get('from')}"


def at(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer; None where an earlier operation of the same patch has made or moved it."""
    import jsonpointer

    return jsonpointer.resolve_pointer(document, pointer, None)


def value_of(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def differing(found: "Differing") -> str:
    """A value on which two rules do not agree."""
    return f"  != {found.document} {found.path}: today {value_of(found.today)}, changed {value_of(found.changed)}"


def steps_of(tape: "Tape", changed: "Tape | None" = None) -> Iterator[str]:
    """All steps; with a *changed* rule, those after which the two differ in something else than before."""
    frames = timeline(tape, changed)
    positions = [frame.fact.position for frame in frames]
    before: Documents = {}
    if changed is None:
        for frame, after in zip(frames, tape.along(positions), strict=True):
            yield head_of(frame)
            yield from changes_of(frame, before)
            before = after
        return
    number = 0
    for frame, fresh, differ in differing_steps(tape, changed):
        number = differ
        if fresh:
            yield head_of(frame)
            yield from sorted(map(differing, fresh))
    yield f"{number:,} values differ at the end"


def differing_steps(tape: "Tape", changed: "Tape") -> "Iterator[tuple[Frame, list[Differing], int]]":
    """
    The steps after which a changed rule differs from the one of today in something else than before.

    Yields each with the values that it differs in since, and how many differ after it.
    """
    from cli.replay.tape import differences

    frames = timeline(tape, changed)
    positions = [frame.fact.position for frame in frames]
    known: dict[str, Differing] = {}
    for frame, today, other in zip(frames, tape.along(positions), changed.along(positions), strict=True):
        found = {f"{each.document} {each.path}": each for each in differences(today, other)}
        fresh = [each for name, each in found.items() if known.get(name) != each]
        if fresh or len(found) != len(known):
            yield frame, fresh, len(found)
        known = found


def timeline(tape: "Tape", changed: "Tape | None") -> "list[Frame]":
    """The steps of both tapes, each fact once, by position."""
    by_position = {frame.fact.position: frame for frame in (*(changed.frames if changed else ()), *tape.frames)}
    return [by_position[position] for position in sorted(by_position)]
