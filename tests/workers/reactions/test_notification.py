"""Which facts people are notified of, and which they are not."""

from typing import Any

import pytest

from domain.notification import TEMPLATES
from tests.support.facts import History, day
from workers.reactions.notification import NOTICES

UNTIL = day(9).isoformat()
CASES: list[tuple[str, str, dict[str, Any], str | None]] = [
    ("session-7:s1", "session.opened", {"method": "passkey"}, "signed_in"),
    ("role-7", "role.granted", {"role": "admin", "scope": "campus"}, "role_granted"),
    ("order-7:o1", "order.paid", {"amount": 100}, "order_paid"),
    ("order-7:o1", "order.paid", {"amount": 0}, None),
    ("payment-7:o1.1", "payment.failed", {}, "payment_failed"),
    ("order-7:o1", "order.refunded", {}, "order_refunded"),
    ("enrollment-7:AAA-1", "enrollment.extension_granted", {}, "deadline_changed"),
    ("enrollment-7:AAA-1", "enrollment.extension_withdrawn", {}, "deadline_changed"),
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


def test_every_template_has_a_cause() -> None:
    """And every fact that people are notified of has its case here."""
    assert {template for *_, template in CASES if template} == set(TEMPLATES)
    assert {type_ for _, type_, *_ in CASES} == set(NOTICES)
