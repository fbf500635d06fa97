"""Which facts people are notified of, and which they are not."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from commands.notification.forum import TellAuthor, TellMentioned, TellOfPost, TellWatchers
from domain.notification import TEMPLATES
from tests.support.facts import History, day
from workers.reactions import REACTIONS, forum
from workers.reactions.notification import NOTICES
from workers.reactions.reaction import context_of

UNTIL = day(9).isoformat()
ROUND = {"cause_event_id": "5f3c", "cause_position": 9, "last": "7", "done": 1, "planned": 1}
CASES: list[tuple[str, str, dict[str, Any], str | None]] = [
    ("session-7:s1", "session.opened", {"method": "passkey"}, "signed_in"),
    ("user-7", "user.data_exported", {}, "data_exported"),
    ("role-7", "role.granted", {"role": "admin", "scope": "campus"}, "role_granted"),
    ("order-7:o1", "order.paid", {"amount": 100}, "order_paid"),
    ("order-7:o1", "order.paid", {"amount": 0}, None),
    ("payment-7:o1.1", "payment.failed", {}, "payment_failed"),
    ("order-7:o1", "order.refunded", {}, "order_refunded"),
    ("enrollment-7:AAA-1", "enrollment.extension_granted", {}, "deadline_changed"),
    ("enrollment-7:AAA-1", "enrollment.extension_withdrawn", {}, "deadline_changed"),
    ("reminders-7:AAA-1", "deadline.neared", {"unit_id": "q1", "due_at": UNTIL}, "deadline_near"),
    ("attempt-7:q1:1", "attempt.graded", {"policy": "item_marks"}, "attempt_graded"),
    ("attempt-7:q1:1", "attempt.graded", {"policy": "key"}, None),
    ("attempt-7:q1:1", "attempt.regraded", {}, "grade_changed"),
    ("attempt-7:q1:1", "attempt.grade_overridden", {}, "grade_changed"),
    ("progress-7:AAA-1", "progress.course_outcome_decided", {}, "outcome_decided"),
    ("progress-7:AAA-1", "progress.course_outcome_revised", {}, "outcome_revised"),
    ("progress-7:AAA-1", "progress.credential_issued", {}, "certificate_issued"),
    ("enrollment-7:AAA-1", "enrollment.activated", {}, "enrolled"),
    ("enrollment-7:AAA-1", "enrollment.seat_offered", {"until": UNTIL}, "seat_offered"),
    ("enrollment-7:AAA-1", "enrollment.seat_offered", {"until": None}, None),
]


@pytest.mark.parametrize(("stream", "type_", "data", "template"), CASES)
def test_who_is_notified_of_a_fact(stream: str, type_: str, data: dict[str, Any], template: str | None) -> None:
    """The person of its stream, by a template that there is."""
    (fact,) = History().add(stream, type_, **data).facts
    command = NOTICES[type_].command(fact)
    if template is None:
        assert command is None
        return
    assert command is not None
    said = (command.learner_id, command.template, command.cause_event_id, command.cause_position)
    assert said == ("7", template, fact.meta.event_id, fact.position)


def test_who_does_something_alone_is_not_told() -> None:
    """A place that the learner has asked for is on the page that answered."""
    (fact,) = History().add("enrollment-test:AAA-1", "enrollment.activated").facts
    assert fact.meta.actor == "test"
    assert NOTICES["enrollment.activated"].command(fact) is None
    (fact,) = History().add("role-test", "role.granted", role="admin").facts
    assert NOTICES["role.granted"].command(fact) is None


POST = ("post-t1:2", {"parent_no": 1, "learner_id": "8"})
OF_FORUM: list[tuple[str, str, dict[str, Any], Any]] = [
    (POST[0], "reply.posted", POST[1], [TellOfPost, TellWatchers]),
    ("post-t1:2", "mentions.changed", {"old": ["7"], "new": ["7", "9"]}, [TellMentioned]),
    ("post-t1:2", "mentions.changed", {"old": ["7", "9"], "new": ["7"]}, [type(None)]),
    ("thread-t1", "answer.accepted", {"new_post_no": 2, "learner_id": "8"}, [TellAuthor]),
    ("post-t1:2", "post.removed", {"ground": "rude"}, [TellAuthor]),
    ("notice_round-t1.2", "notice_round.progressed", {**ROUND, "finished": False}, [TellWatchers]),
    ("notice_round-t1.2", "notice_round.progressed", {**ROUND, "finished": True}, [type(None)]),
]


@pytest.mark.parametrize(("stream", "type_", "data", "commands"), OF_FORUM)
def test_what_a_forum_causes_names_no_one(stream: str, type_: str, data: dict[str, Any], commands: Any) -> None:
    """Neither by the id of the fact, nor by who has caused it, nor by the request: it is in a history of others."""
    (fact,) = History().add(stream, type_, **data).facts
    meta = msgspec.structs.replace(fact.meta, event_id=str(UUID(int=7)), correlation_id="request-1")
    fact = msgspec.structs.replace(fact, meta=meta)
    found = [reaction.command(fact) for reaction in REACTIONS[type_]]
    assert [type(each) for each in found] == commands
    for reaction, command in zip(REACTIONS[type_], found, strict=True):
        context = context_of(fact, reaction)
        assert (context.on_behalf_of, context.causation_id, context.correlation_id) == (None, None, None)
        if command is not None:
            assert fact.meta.event_id not in repr(command.cause)
            assert command.post_no == 2


def test_what_names_no_one_is_caused_by_such_a_reaction() -> None:
    """The table of templates and that of reactions agree."""
    unnamed = {name for name, template in TEMPLATES.items() if template.unnamed}
    assert unnamed == {
        *("question_answered", "post_replied", "thread_posted", "answer_accepted", "post_removed", "mentioned")
    }
    assert all(reaction.unnamed for reactions in forum.NOTICES.values() for reaction in reactions)


BY_TIMERS = {"seat_lapsing", "access_ending", "staff_message"}


def test_every_template_has_a_cause() -> None:
    """And every fact that people are notified of has its case here."""
    named = {name for name, template in TEMPLATES.items() if not template.unnamed}
    assert {template for *_, template in CASES if template} == named - BY_TIMERS
    assert {type_ for _, type_, *_ in OF_FORUM} == {*forum.NOTICES, "notice_round.progressed"}
    assert {type_ for _, type_, *_ in CASES} == set(NOTICES)
