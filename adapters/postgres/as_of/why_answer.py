"""The answer to why a field has its value, over HTTP and by `campus why --json`, and an example."""

import inspect
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from adapters.postgres.as_of.beside import Beside
from adapters.postgres.as_of.beside import Reason as BesideReason
from adapters.postgres.as_of.why import MOST_BESIDE, Expectation, Explanation, Place, expected
from adapters.postgres.ops.refused_commands import Refused
from domain.fact import Fact
from projections.engine.fingerprint import code_digest
from projections.engine.moment import Moment
from projections.engine.projection import Table
from projections.engine.summands import Summands
from projections.engine.watch import Change, RuleFunction, function_of

PartsBy = Literal["key", "day"]


class FactOfChange(msgspec.Struct, kw_only=True):
    """
    A fact that changed the field: what it was, who caused it, when, and the value before and after it.

    `irregular` is the rule of today that the fact breaks, for nearly all null.
    """

    position: int
    type: str
    stream_id: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    on_behalf_of: str | None
    source: str
    causation_id: str | None
    correlation_id: str | None
    irregular: str | None
    before: Any
    after: Any


class FunctionOfRule(msgspec.Struct, kw_only=True):
    """A function of the rule: where it stands."""

    module: str
    name: str
    line: int


class RuleOfType(msgspec.Struct, kw_only=True):
    """What facts of one type do to the field: the functions that ran at the last change by one, in their order."""

    type: str
    functions: list[FunctionOfRule]
    source: str


class Rule(msgspec.Struct, kw_only=True):
    """The rule: which read model, by which code, what its author says of the row, and what each type of fact does."""

    projection: str
    version: int
    code: str
    meaning: str
    by_type: list[RuleOfType]


class FailedFact(msgspec.Struct, kw_only=True):
    """A fact at which the rule fails, and why; it and later ones of its key are not in the value."""

    position: int
    type: str
    error: str


class FactBeside(msgspec.Struct, kw_only=True):
    """
    A fact of the same key that has not done what may be expected of it.

    Attributes:
        reason: `not_read` by the read model; `irregular`, by the rule in `rule`; `skipped` by an operator, or `parked`
            with its key, in what is served.
    """

    position: int
    type: str
    occurred_at: datetime
    reason: BesideReason
    rule: str | None


class RefusedCommand(msgspec.Struct, kw_only=True):
    """A command about the learner that a rule has refused, kept for 90 days; `code` and `sentence` are of the error."""

    at: datetime
    command: str
    actor: str
    source: str
    correlation_id: str | None
    code: str
    sentence: str


class Expected(msgspec.Struct, kw_only=True):
    """
    Where the field went apart from the value that was expected.

    `fact` is the first after which it differs, for good; of a value that it never had, the first that changed it. It is
    null if the field has the value. `unread` counts the facts of the same key that the read model passes over; `beside`
    has the latest of these and of others that have not done what may be expected of them, in the order of the log.
    `refused` has the latest commands about the learner that were refused.
    """

    value: Any
    was_ever: bool
    fact: FactOfChange | None
    unread: dict[str, int]
    beside: list[FactBeside]
    refused: list[RefusedCommand]


class Part(msgspec.Struct, kw_only=True):
    """What the facts of a key (a learner; else a stream) or of a day (UTC) have added to a number."""

    of: str
    added: float


class Parts(msgspec.Struct, kw_only=True):
    """
    The parts of a number that adds up over many keys: by `key` the greatest first, by `day` in their order.

    Attributes:
        number: of parts; `items` is a page of them.
        adds_up: whether all parts, by key and by day, add up to the value.
        waiting: keys whose facts are left out from one on at which the rule fails.
    """

    by: PartsBy
    number: int
    adds_up: bool
    waiting: int
    items: list[Part]


class Why(msgspec.Struct, kw_only=True):
    """
    Why a field has its value.

    Attributes:
        exists: whether any fact has made the row.
        position: the log held that much.
        touching: how many facts concern the row; `changes` says how many of them changed the field.
        items: a page of these, in the order of the log.
        parts: of a number that adds up over many keys: its parts, instead of the facts.
    """

    view: str
    key: list[str]
    field: str
    value: Any
    exists: bool
    position: int
    valid_at: datetime | None
    rule: Rule
    touching: int
    changes: int
    failed: list[FailedFact]
    expected: Expected | None
    items: list[FactOfChange]
    parts: Parts | None
    next: str | None


AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
CHANGE = FactOfChange(
    position=1713,
    type="attempt.graded",
    stream_id="attempt-28400:algebra-2026-q1:1",
    occurred_at=AT,
    recorded_at=AT,
    actor="instructor",
    on_behalf_of="28400",
    source="api",
    causation_id="0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f",
    correlation_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    irregular="after_unregistration",
    before=5_000,
    after=7_500,
)
EXAMPLE = Why(
    view="gradebook",
    key=["algebra-2026", "algebra-2026-q1", "28400"],
    field="best_bp",
    value=7_500,
    exists=True,
    position=1713,
    valid_at=AT,
    rule=Rule(
        projection="gradebook",
        version=3,
        code="82a3ebdc1d6774d6d5a321f0cf05a82d",
        meaning="One learner in one assessment; scores in basis points.",
        by_type=[
            RuleOfType(
                type="attempt.graded",
                functions=[FunctionOfRule(module="projections.gradebook", name="_graded", line=142)],
                source="def _graded(fact: Fact, rows: Rows) -> None: ...",
            )
        ],
    ),
    touching=3,
    changes=1,
    failed=[FailedFact(position=1712, type="attempt.submitted", error="KeyError: 'late_by'")],
    expected=Expected(
        value=8_000,
        was_ever=False,
        fact=CHANGE,
        unread={"enrollment.activated": 1},
        beside=[
            FactBeside(
                position=1711,
                type="attempt.submitted",
                occurred_at=AT,
                reason="irregular",
                rule="after_unregistration",
            )
        ],
        refused=[
            RefusedCommand(
                at=AT,
                command="SubmitAttempt",
                actor="28400",
                source="api",
                correlation_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
                code="no_attempts_left",
                sentence="learner 28400 has no attempt left on quiz algebra-2026-q1",
            )
        ],
    ),
    items=[CHANGE],
    parts=Parts(by="key", number=2, adds_up=True, waiting=0, items=[Part(of="28400", added=3)]),
    next="WyJ3aHkiLDE3MTNd",
)


def changes_after(explanation: Explanation, after: int, limit: int) -> list[Change]:
    """Up to *limit* changes by facts above a position."""
    return [change for change in explanation.watched.changes if change.fact.position > after][:limit]


def why(
    explanation: Explanation, page: Sequence[Change], following: str | None = None, expectation: str | None = None
) -> Why:
    """The answer, with one page of the changes; *expectation* is the text of a value that was expected."""
    place, moment, watched = explanation.place, explanation.moment, explanation.watched
    projection, table = place.projection, place.row.table
    by_type = [_rule(name, functions) for name, functions in watched.ran.items()]
    return Why(
        view=table.name,
        key=[str(value) for value in place.row.key],
        field="/".join(place.path),
        value=watched.value,
        exists=watched.exists,
        position=moment.position,
        valid_at=moment.valid_at,
        rule=Rule(
            projection=projection.name,
            version=projection.version,
            code=code_digest(projection),
            meaning=meaning_of(table),
            by_type=by_type,
        ),
        touching=watched.touching,
        changes=len(watched.changes),
        failed=[FailedFact(position=f.position, type=f.type, error=error) for f, error in watched.failed],
        expected=None if expectation is None else _expected(expected(watched, expectation), explanation),
        items=[_change(change) for change in page],
        parts=None,
        next=following,
    )


def why_sum(
    place: Place,
    moment: Moment,
    summands: Summands,
    page: Sequence[tuple[str, float]],
    parts: tuple[PartsBy, str | None],
) -> Why:
    """The answer about a number that adds up over many keys, with a page of its parts: by what, and what follows."""
    projection, table = place.projection, place.row.table
    by, following = parts
    changes = sum(summands.types.values())
    handlers = [(name, projection.handlers[name].apply) for name in summands.types]
    return Why(
        view=table.name,
        key=[str(value) for value in place.row.key],
        field="/".join(place.path),
        value=summands.value,
        exists=summands.value is not None,
        position=moment.position,
        valid_at=moment.valid_at,
        rule=Rule(
            projection=projection.name,
            version=projection.version,
            code=code_digest(projection),
            meaning=meaning_of(table),
            by_type=[_rule(name, [function_of(apply)]) for name, apply in handlers],
        ),
        touching=changes,
        changes=changes,
        failed=[],
        expected=None,
        items=[],
        parts=Parts(
            by=by,
            number=len(summands.by_key if by == "key" else summands.by_day),
            adds_up=summands.adds_up,
            waiting=summands.failed,
            items=[Part(of=of, added=added) for of, added in page],
        ),
        next=following,
    )


def meaning_of(table: Table) -> str:
    """What the author of the read model says of the rows of a table."""
    return inspect.cleandoc(table.row.__doc__ or "")


def _expected(expectation: Expectation, explanation: Explanation) -> Expected:
    fact = None if expectation.change is None else _change(expectation.change)
    return Expected(
        value=expectation.value,
        was_ever=expectation.was_ever,
        fact=fact,
        unread=dict(explanation.unread),
        beside=[_beside(each) for each in explanation.beside[-MOST_BESIDE:]],
        refused=[_refused(each) for each in explanation.refused],
    )


def _refused(refused: Refused) -> RefusedCommand:
    return RefusedCommand(at=refused.refused_at, **{name: getattr(refused, name) for name in refused._fields[1:]})


def _beside(beside: Beside) -> FactBeside:
    fact = beside.fact
    rule = fact.data.get("irregular")
    return FactBeside(
        position=fact.position, type=fact.type, occurred_at=fact.occurred_at, reason=beside.reason, rule=rule
    )


def _rule(name: str, functions: Sequence[RuleFunction]) -> RuleOfType:
    shown = [FunctionOfRule(module=each.module, name=each.name, line=each.line) for each in functions]
    return RuleOfType(type=name, functions=shown, source="\n\n".join(each.source for each in functions))


def _change(change: Change) -> FactOfChange:
    fact: Fact = change.fact
    return FactOfChange(
        position=fact.position,
        type=fact.type,
        stream_id=fact.stream_id,
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        actor=fact.meta.actor,
        on_behalf_of=fact.meta.on_behalf_of,
        source=fact.meta.source,
        causation_id=fact.meta.causation_id,
        correlation_id=fact.meta.correlation_id,
        irregular=fact.data.get("irregular"),
        before=change.before,
        after=change.after,
    )
