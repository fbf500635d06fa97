"""The form of the answer to why a field has its value, over HTTP and by `campus why --json`, and an example."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from adapters.postgres.as_of.beside import Reason as BesideReason

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
    """
    The rule: which read model, by which code, what its author says of the row, and what each type of fact does.

    `source_hash` names the source of the code that explains; `GET /v1/projections/NAME/rules` has what was served.
    """

    projection: str
    version: int
    code: str
    source_hash: str
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


class RefusedReaction(msgspec.Struct, kw_only=True):
    """
    What should have followed from a fact of the key, and was refused or has failed.

    Attributes:
        position: of the fact, whose type is `type`.
        state: `waiting` to be tried again, or `dismissed` by an operator; those that were carried out are not listed.
    """

    position: int
    type: str
    reaction: str
    state: str
    at: datetime
    code: str
    sentence: str


class Expected(msgspec.Struct, kw_only=True):
    """
    Where the field went apart from the value that was expected.

    `fact` is the first after which it differs, for good; of a value that it never had, the first that changed it. It is
    null if the field has the value. `unread` counts the facts of the same key that the read model passes over; `beside`
    has the latest of these and of others that have not done what may be expected of them, in the order of the log.
    `refused` has the latest commands about the learner that were refused, `refused_reactions` the latest of what should
    have followed from facts of the key.
    """

    value: Any
    was_ever: bool
    fact: FactOfChange | None
    unread: dict[str, int]
    beside: list[FactBeside]
    refused: list[RefusedCommand]
    refused_reactions: list[RefusedReaction]


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


class UnitOfShare(msgspec.Struct, kw_only=True):
    """What one unit gives to a percentage or a grade: *numerator* of *denominator*."""

    of: str
    numerator: int
    denominator: int


class Share(msgspec.Struct, kw_only=True):
    """
    What a number in basis points is made of, at the latest fact that computed it.

    Attributes:
        of: `percent`, of the weight of the units; `grade` or `grade_so_far`: a score times its weight; `score`.
        numerator: the sum of those of `parts`; *denominator* in the same way.
        rounded: `numerator` of `denominator` in basis points. The value is less where the rule holds it back: a
            percentage as long as a unit is missing, or of a course that was failed.
    """

    of: str
    numerator: int
    denominator: int
    rounded: int
    parts: list[UnitOfShare]


class Why(msgspec.Struct, kw_only=True):
    """
    Why a field has its value.

    Attributes:
        exists: whether any fact has made the row.
        position: the log held that much.
        touching: how many facts concern the row; `changes` says how many of them changed the field.
        items: a page of these, in the order of the log.
        parts: of a number that adds up over many keys: its parts, instead of the facts.
        share: of a percentage or a grade: numerator and denominator.
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
    share: Share | None
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
        source_hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
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
        refused_reactions=[
            RefusedReaction(
                position=1710,
                type="attempt.graded",
                reaction="complete_unit",
                state="waiting",
                at=AT,
                code="not_enrolled",
                sentence="learner 28400 is not enrolled in run algebra-2026",
            )
        ],
    ),
    items=[CHANGE],
    parts=Parts(by="key", number=2, adds_up=True, waiting=0, items=[Part(of="28400", added=3)]),
    share=Share(
        of="score",
        numerator=3,
        denominator=4,
        rounded=7_500,
        parts=[UnitOfShare(of="score", numerator=3, denominator=4)],
    ),
    next="WyJ3aHkiLDE3MTNd",
)
