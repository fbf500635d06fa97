"""What is sent of a fact: ids and amounts, and nothing that names or describes a person."""

import json

import pytest

from adapters.personal.sealing import KEY_SIZE, PersonKey
from adapters.webhooks.payload import body_of, left_out
from commands.admin.webhooks import SENT_OUT
from domain.fact import Fact, Meta
from domain.personal import is_sealed
from tests.support.given import AT

SEALED = PersonKey(b"k" * KEY_SIZE, "user-ann").seal(1, "email", "ada@example.org")


def sent(fact_type: str, **data: object) -> dict[str, object]:
    """The fields of a fact as they are sent."""
    meta = Meta("0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f", "admin", "api", on_behalf_of="ann", reason=SEALED)
    fact = Fact(7, "enrollment-ann:r1", 2, fact_type, 2, 3, data, meta, AT, AT)
    body = body_of(fact)
    assert b"s1." not in body
    assert body == body_of(fact)
    content = json.loads(body)
    assert content["type"] == fact_type
    assert content["data"]["meta"] == {
        "event_id": meta.event_id,
        "actor": "admin",
        "on_behalf_of": "ann",
        "causation_id": None,
        "correlation_id": None,
        "source": "api",
    }
    fields: dict[str, object] = content["data"]["fields"]
    return fields


def test_words_and_names_stay_here() -> None:
    """Whether they are sealed or were recorded in clear; so do keys of quizzes and answers of learners."""
    assert is_sealed(SEALED)
    assert sent("enrollment.withdrawn", reason="moved to Rome") == {}
    assert sent("user.registered", email=SEALED, language=SEALED, time_zone="UTC") == {}
    assert sent("attempt.submitted", responses=[1, 2], by="learner") == {"by": "learner"}


def test_a_sealed_text_is_known_by_its_form() -> None:
    """Wherever it stands."""
    found = sent("course.created", title="Algebra", summary=SEALED, language="en")
    assert found == {"title": "Algebra", "summary": None, "language": "en"}


@pytest.mark.parametrize("name", sorted(SENT_OUT))
def test_each_kind_of_fact_can_be_sent(name: str) -> None:
    """How persons sign in, and who has looked at whom, is not among them."""
    assert isinstance(left_out(name), frozenset)
    assert name.partition(".")[0] not in {"session", "credentials", "token", "record", "break_glass", "webhook"}
