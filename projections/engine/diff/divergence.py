"""
Why a live row is not what the log says: the first fact at which the two went apart.

The row's facts are folded step by step. Either the live row is a state that the fold went through (the row stands
still), or each field says for itself up to which fact its live value was right.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from domain.fact import Fact
from projections.engine.diff.lineage import FactRef, ref
from projections.engine.diff.replay import FoldStep, Replay, RowState, Waiting, differing, same
from projections.engine.projection import Projection, RowKey

Why = Literal["same", "missing", "unexpected", "stands_still", "differs"]
FoldSteps = Sequence[FoldStep]
Fields = dict[str, Any]


class FieldCause(msgspec.Struct, frozen=True):
    """
    One field that differs.

    Attributes:
        right_until: the last fact after which the field was as it is live; None if it was so before the first only.
        never: the field never was as it is live; `right_until` is then None.
        wrong_from: the fact after `right_until`; of a value that never was, the last one that set the field, or the
            first that touches the row.
    """

    name: str
    live: Any
    log: Any
    right_until: FactRef | None
    never: bool
    wrong_from: FactRef


class Divergence(msgspec.Struct, frozen=True):
    """
    Where a live row and the log went apart.

    Attributes:
        why: `same`; `missing` or `unexpected`, of the whole row; `stands_still`, the row is what it was before `fact`;
            `differs`, neither.
        fact: the first at which the content differs; None if the row is the same, or no fact makes it.
        facts: how many from `fact` on are not in a row that is missing or stands still.
        touching: how many facts touch the row.
        fields: those that differ.
        reason: all this as one sentence.
    """

    why: Why
    fact: FactRef | None
    facts: int
    touching: int
    fields: list[FieldCause]
    reason: str


def first_divergence(
    projection: Projection,
    key: RowKey,
    facts: Sequence[Fact],
    live_row: msgspec.Struct | None,
    waiting: Waiting | None = None,
) -> Divergence:
    """
    The first fact at which a live row and a fresh fold differ.

    Args:
        key: of the row.
        facts: those on which the row depends, up to the live checkpoint and in log order: all of the learner, and the
            common ones; for a row of a `partial` table those of all learners. Others do no harm.
        live_row: as readers see it; None if it is missing.
        waiting: keys that are parked live in the segment of the row, and where each begins to wait; their facts are
            left out here as well. Leave facts that were skipped out of *facts*.
    """
    replay = Replay(projection, key, facts, waiting or {})
    touching, live, log = replay.touching, replay.state(live_row), replay.states[-1]
    if live is None or log is None:
        return _one_side_only(live, touching, replay.states)
    contents = [state or replay.blank() for state in replay.states]
    fields = [_field(name, live, touching, contents) for name in sorted(differing(live, log))]
    if not fields:
        return Divergence("same", None, 0, len(touching), [], "the row is what the log says")
    return _stands_still(live, touching, contents, fields) or _differs(touching, fields)


def _one_side_only(live: RowState, touching: FoldSteps, states: Sequence[RowState]) -> Divergence:
    made = next((ref(step.fact) for step, state in zip(touching, states[1:], strict=True) if state is not None), None)
    if live is None and made is None:
        return Divergence("same", None, 0, len(touching), [], "there is no such row, as the log says")
    if made is None:
        return Divergence("unexpected", None, 0, len(touching), [], "no fact of the log makes this row")
    facts = sum(step.fact.position >= made.position for step in touching)
    return Divergence("missing", made, facts, len(touching), [], f"the row is missing, though fact {made} makes it")


def _field(name: str, live: Fields, touching: FoldSteps, contents: Sequence[Fields]) -> FieldCause:
    values = [content.get(name) for content in contents]
    steps = range(len(touching))
    right = next((step for step in reversed(steps) if same(values[step], live.get(name))), None)
    if right is None:
        wrong = next((step for step in reversed(steps) if not same(values[step], values[step + 1])), 0)
    else:
        wrong = right
    until = ref(touching[right - 1].fact) if right else None
    return FieldCause(name, live.get(name), values[-1], until, right is None, ref(touching[wrong].fact))


def _stands_still(
    live: Fields, touching: FoldSteps, contents: Sequence[Fields], fields: list[FieldCause]
) -> Divergence | None:
    """The row is what it was at some earlier time."""
    for done in reversed(range(len(touching))):
        if same(contents[done], live):
            since = f"since fact {ref(touching[done - 1].fact)}" if done else "from the beginning"
            fact, missing = ref(touching[done].fact), len(touching) - done
            which = f"fact {fact} is not in it" if missing == 1 else f"fact {fact} is the first of {missing} not in it"
            reason = f"the row stands still {since}: {which}"
            return Divergence("stands_still", fact, missing, len(touching), fields, reason)
    return None


def _differs(touching: FoldSteps, fields: list[FieldCause]) -> Divergence:
    """The first fact from which a field is not as it is live; of values that never were, the fact that set them."""
    stopped = [field for field in fields if not field.never]
    never = ", ".join(field.name for field in fields if field.never)
    fact = min((field.wrong_from for field in stopped or fields), key=lambda each: each.position)
    first = ", ".join(field.name for field in stopped if field.wrong_from == fact)
    parts = [
        f"the live value of {first} fits the log up to fact {fact} and not from there on" if first else "",
        f"no fact ever led to the live value of {never}" + ("" if first else f"; the log has it from fact {fact}"),
    ]
    reason = "; ".join(part for part in parts[: 1 + bool(never)] if part)
    return Divergence("differs", fact, 0, len(touching), fields, reason)
