"""
Given these facts, when this is asked for, then exactly these facts are new, or it is refused.

What is given goes through its stored form and back, and what is new is replayed: an aggregate that remembers
something else than its facts say fails every test.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

import msgspec

from domain.aggregate import Aggregate
from domain.codec import decode_event, encode_data, version_of
from domain.errors import DomainError

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

STREAMS = {
    "course": "course-algebra",
    "course_draft": "course_draft-algebra",
    "run": "run-algebra-1",
    "admission": "admission-ann:algebra-1",
    "enrollment": "enrollment-ann:algebra-1",
    "seats": "seats-algebra-1",
    "cohort": "cohort-algebra-1:spring",
    "progress": "progress-ann:algebra-1",
    "viewing": "viewing-ann:algebra-1:film",
    "appeal": "appeal-ann:algebra-1",
    "rebase": "rebase-algebra-1",
    "issued_credential": "issued_credential-6f2d5f0e-2c0b-5a55-9c67-6c5a0b0c6d3e",
    "quiz": "quiz-equations",
    "question_bank": "question_bank-algebra",
    "question": "question-algebra:q1",
    "attempt": "attempt-ann:equations:1",
    "allowance": "allowance-ann:equations",
    "topics": "topics-algebra-1",
    "thread": "thread-t1",
    "post": "post-t1:2",
    "text": "text-ann:t1:2",
    "vote": "vote-ann:t1:2",
    "reading": "reading-ann:t1",
    "moderation": "moderation-t1:2",
    "report": "report-ann:t1:2",
    "notice": "notice-ann:t1:2",
    "conduct": "conduct-ann:algebra-1",
    "forum_rules": "forum_rules-algebra-1",
    "word_list": "word_list-run:algebra-1",
    "lti_tool": "lti_tool-tool-equations",
    "lti_items": "lti_items-algebra-1:tool-equations",
    "lti_result": "lti_result-ann:algebra-1:lab",
    "product": "product-algebra",
    "offers": "offers-algebra",
    "coupon": "coupon-SPRING",
    "notification": "notification-ann:5f3cbe0d7b0f4a3c9d2e1f0a8b7c6d5e",
    "inbox": "inbox-ann",
    "digest": "digest-ann:2026-03-29",
    "staff_message": "staff_message-m1",
    "reminders": "reminders-ann:algebra-1",
    "notice_round": "notice_round-t1.2",
    "mailbox": "mailbox-ann",
    "notification_settings": "notification_settings-ann",
    "order": "order-ann:o1",
    "payment": "payment-ann:o1.1",
    "refund": "refund-ann:o1.r1",
    "refund_claim": "refund_claim-ann:o1",
    "dispute": "dispute-ann:dp_1",
    "subscription": "subscription-ann:s1",
    "entitlement": "entitlement-ann:o1.1",
    "provider": "provider-evt_1",
    "payout": "payout-po_1",
    "receipts": "receipts-2026",
    "checkpoint": "checkpoint-main",
    "import": "import-oulad:1",
    "projection": "projection-gradebook",
    "break_glass": "break_glass-ann:ada",
    "job": "job-0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f:give_back",
    "announcement": "announcement-a1",
    "analysis": "analysis-mei:2026-03-02T09",
    "saved_query": "saved_query-mei:5f1c5f1c",
    "bulk": "bulk-5f1c5f1c",
    "setting": "setting-main",
    "reaction": "reaction-0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f:grade_by_key",
    "names": "names-algebra-1:ada:2026-03-02",
    "record": "record-ann:2026-03-02T09",
    "webhook": "webhook-w1",
    "books": "books-main",
    "user": "user-ann",
    "role": "role-ann",
    "credentials": "credentials-ann",
    "session": "session-ann:s1",
    "token": "token-ann:t1",
    "client": "client-service-reports",
}

AggregateT = TypeVar("AggregateT", bound=Aggregate)


@dataclass(frozen=True)
class Said:
    """A fact by its name and all its fields."""

    type: str
    fields: Mapping[str, Any]


def fact(cls: type[Aggregate.Event], **fields: Any) -> Said:
    """A fact as a test writes it down; *irregular* is a field like any other."""
    return Said(cast("Any", cls).TOPIC, fields)


def given(cls: type[AggregateT], *facts: Said, stream: str = "", importing: bool = False) -> "Given[AggregateT]":
    """An aggregate to which *facts* have happened; with *importing*, what is recorded is long past."""
    aggregate = replay(cls, stream or STREAMS[cls.category], facts)
    aggregate.importing = importing
    return Given(aggregate, facts)


def replay(cls: type[AggregateT], stream: str, facts: Sequence[Said]) -> AggregateT:
    """The aggregate that *facts*, read from the log, make."""
    aggregate = cls.blank(stream)
    for version, said in enumerate(facts, start=1):
        data, newest = msgspec.json.encode(said.fields), version_of(_class(cls, said.type))
        event = decode_event(said.type, newest, data, stream=stream, version=version, occurred_at=AT)
        event.mutate(aggregate)
    return aggregate


def state_of(aggregate: Aggregate) -> dict[str, Any]:
    """What an aggregate remembers."""
    return {name: value for name, value in vars(aggregate).items() if name[0] != "_" and name != "importing"}


def said_by(event: Aggregate.Event) -> Said:
    """A new fact, through its stored form, so that a field that cannot be stored is noticed."""
    topic = cast("Any", event).TOPIC
    stored = decode_event(
        topic,
        version_of(type(event)),
        encode_data(event),
        stream=event.originator_id,
        version=event.originator_version,
        occurred_at=AT,
    )
    envelope = ("originator_id", "originator_version", "timestamp")
    return Said(topic, {name: value for name, value in vars(stored).items() if name not in envelope})


def _class(cls: type[Aggregate], topic: str) -> type[Aggregate.Event]:
    for member in vars(cls).values():
        if getattr(member, "TOPIC", None) == topic:
            return cast("type[Aggregate.Event]", member)
    raise AssertionError(f"{topic} is no fact of {cls.__name__}")


class Given(Generic[AggregateT]):
    """An aggregate with a past."""

    def __init__(self, aggregate: AggregateT, past: Sequence[Said]) -> None:
        self._aggregate = aggregate
        self._past = past

    def when(self, act: Callable[[AggregateT], Any]) -> "When[AggregateT]":
        """Ask for something."""
        try:
            return When(self._aggregate, self._past, act(self._aggregate), None)
        except DomainError as error:
            return When(self._aggregate, self._past, None, error)


class When(Generic[AggregateT]):
    """What came of it."""

    def __init__(self, aggregate: AggregateT, past: Sequence[Said], answer: object, error: DomainError | None) -> None:
        self._aggregate = aggregate
        self._past = past
        self._answer = answer
        self._error = error

    def then(self, *facts: Said, answer: object = None) -> None:
        """Exactly *facts* are new, and a replay of them has the state of the aggregate."""
        if self._error is not None:
            raise AssertionError(f"refused: {self._error}") from self._error
        new = [said_by(cast("Aggregate.Event", event)) for event in self._aggregate.collect_events()]
        assert new == list(facts)
        assert self._answer == answer
        replayed = replay(type(self._aggregate), self._aggregate.id, [*self._past, *new])
        assert state_of(replayed) == state_of(self._aggregate)

    def refused(self, error: type[DomainError], **facts: Any) -> None:
        """It is refused by *error* with exactly these facts, and nothing has happened."""
        assert type(self._error) is error, f"{self._error!r}, answer {self._answer!r}"
        assert self._error is not None
        assert self._error.facts == facts
        assert str(self._error) == self._error.sentence != ""
        assert list(self._aggregate.pending_events) == []

    def refused_because(self, error: type[DomainError], why: str = "") -> None:
        """It is refused by *error*, whose sentence says *why*, and nothing has happened."""
        assert type(self._error) is error, f"{self._error!r}, answer {self._answer!r}"
        assert why in str(self._error)
        assert list(self._aggregate.pending_events) == []
