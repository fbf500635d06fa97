"""
Why a live row is not what the log says: the first fact at which the two went apart.

The row's facts are folded step by step. What is live is either a state that the fold went through (the row stands
still), or what comes out when some facts in a row are left out, applied twice or applied late (tried one by one, short
runs first), or neither; then each field says for itself until when it can have been right.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from domain.fact import Fact
from domain.streams import is_reference
from projections.engine.diff.lineage import FactRef, ref
from projections.engine.diff.replay import Replay, State, Step, Waiting, differing, same
from projections.engine.projection import Projection, RowKey

MOST_APPLIED = 100_000  # facts folded in search of an explanation: about a second

Why = Literal["same", "missing", "unexpected", "stands_still", "missed", "doubled", "out_of_order", "differs"]
Steps = Sequence[Step]
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
            `missed`, `doubled` or `out_of_order`: `fact`, and `facts` - 1 ones behind it, were left out, applied twice,
            or applied too late; `differs`, none of these.
        fact: the first at which the content differs; None if the row is the same, or no fact makes it.
        facts: how many are concerned.
        choices: how many places explain it equally well; `fact` is in the first of them.
        touching: how many facts touch the row.
        fields: those that differ.
        reason: all this as one sentence.
    """

    why: Why
    fact: FactRef | None
    facts: int
    choices: int
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
        return Divergence("same", None, 0, 0, len(touching), [], "the row is what the log says")
    found = _stands_still(live, touching, contents) or _explained(replay, live) or _unexplained(fields)
    return Divergence(found.why, found.fact, found.facts, found.choices, len(touching), fields, found.reason)


class _Found(NamedTuple):
    why: Why
    fact: FactRef
    facts: int
    choices: int
    reason: str


def _one_side_only(live: State, touching: Steps, states: Sequence[State]) -> Divergence:
    made = next((ref(step.fact) for step, state in zip(touching, states[1:], strict=True) if state is not None), None)
    if live is None and made is None:
        return Divergence("same", None, 0, 0, len(touching), [], "there is no such row, as the log says")
    if made is None:
        return Divergence("unexpected", None, 0, 0, len(touching), [], "no fact of the log makes this row")
    facts = sum(step.fact.position >= made.position for step in touching)
    return Divergence("missing", made, facts, 1, len(touching), [], f"the row is missing, though fact {made} makes it")


def _field(name: str, live: Fields, touching: Steps, contents: Sequence[Fields]) -> FieldCause:
    values = [content.get(name) for content in contents]
    steps = range(len(touching))
    right = next((step for step in reversed(steps) if same(values[step], live.get(name))), None)
    if right is None:
        wrong = next((step for step in reversed(steps) if not same(values[step], values[step + 1])), 0)
    else:
        wrong = right
    until = ref(touching[right - 1].fact) if right else None
    return FieldCause(name, live.get(name), values[-1], until, right is None, ref(touching[wrong].fact))


def _stands_still(live: Fields, touching: Steps, contents: Sequence[Fields]) -> _Found | None:
    """The row is what it was at some earlier time."""
    for done in reversed(range(len(touching))):
        if same(contents[done], live):
            since = f"since fact {ref(touching[done - 1].fact)}" if done else "from the beginning"
            fact, missing = ref(touching[done].fact), len(touching) - done
            which = f"fact {fact} is not in it" if missing == 1 else f"fact {fact} is the first of {missing} not in it"
            return _Found("stands_still", fact, missing, 1, f"the row stands still {since}: {which}")
    return None


def _explained(replay: Replay, live: Fields) -> _Found | None:
    """The row is what it would be if some facts had been left out, doubled or late; the fewest that explain it."""
    left = MOST_APPLIED
    for blocks in _blocks(replay):
        for why, rearranged, sentence in _TRIALS:
            fitting = []
            for block in blocks:
                trials = list(rearranged(replay.steps, block))
                left -= sum(map(len, trials))
                if left < 0:
                    break
                if any(same(replay.outcome(trial), live) for trial in trials):
                    fitting.append(block)
            if fitting:
                return _explanation(why, fitting, sentence)
            if left < 0:
                return None
    return None


def _blocks(replay: Replay) -> Iterator[list[Steps]]:
    """Facts that follow one another, of those that touch the row and of the common ones behind it; short runs first."""
    common = [step for step in replay.steps if not step.touches and is_reference(step.fact.stream_id)]
    for length in range(1, len(replay.steps) + 1):
        yield [steps[at : at + length] for steps in (replay.touching, common) for at in range(len(steps) - length + 1)]


def _explanation(why: Why, fitting: Sequence[Steps], sentence: str) -> _Found:
    block = fitting[0]
    fact = ref(block[0].fact)
    which = f"fact {fact} was" if len(block) == 1 else f"fact {fact} and the {len(block) - 1} behind it were"
    others = f"; {len(fitting) - 1} other places explain it as well" if len(fitting) > 1 else ""
    return _Found(why, fact, len(block), len(fitting), f"{which} {sentence}{others}")


def _unexplained(fields: Sequence[FieldCause]) -> _Found:
    stopped = [field for field in fields if not field.never]
    never = ", ".join(field.name for field in fields if field.never)
    fact = min((field.wrong_from for field in stopped or fields), key=lambda each: each.position)
    first = ", ".join(field.name for field in stopped if field.wrong_from == fact)
    parts = [
        f"what is live in {first} fits the log up to fact {fact} and not from there on" if first else "",
        f"no fact ever led to what is live in {never}" + ("" if first else f"; the log has it from fact {fact}"),
    ]
    return _Found("differs", fact, 1, 1, "; ".join(part for part in parts[: 1 + bool(never)] if part))


def _missed(steps: Steps, block: Steps) -> Iterator[Steps]:
    yield _without(steps, block)


def _doubled(steps: Steps, block: Steps) -> Iterator[Steps]:
    """Twice at once, or again after everything else."""
    end = steps.index(block[-1]) + 1
    yield [*steps[:end], *block, *steps[end:]]
    if end < len(steps):
        yield [*steps, *block]


def _late(steps: Steps, block: Steps) -> Iterator[Steps]:
    """After the next fact that touches the row, or after everything else."""
    rest = _without(steps, block)
    behind = [at for at, step in enumerate(rest) if step.touches and step.fact.position > block[-1].fact.position]
    if behind:
        yield [*rest[: behind[0] + 1], *block, *rest[behind[0] + 1 :]]
    if len(behind) > 1:
        yield [*rest, *block]


def _without(steps: Steps, block: Steps) -> list[Step]:
    left_out = {step.fact.position for step in block}
    return [step for step in steps if step.fact.position not in left_out]


_TRIALS: tuple[tuple[Why, Callable[[Steps, Steps], Iterator[Steps]], str], ...] = (
    ("missed", _missed, "left out"),
    ("doubled", _doubled, "applied twice"),
    ("out_of_order", _late, "applied too late"),
)
