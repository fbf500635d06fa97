"""What staff decide about learners, they do not decide about themselves: by the table, and on each route with one."""

import re
from collections.abc import Iterator
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.jwt import PROOFS
from api.http.policy.decision import RULES, Allowed, Refused, Thing, decide
from api.http.policy.words import Relation
from tests.support.api import Campus
from tests.support.description import description

ABOUT_OTHERS = [action for action, rules in RULES.items() if rules.is_about_others]
FOUND = {"gradeItem", "revokeCredential", "refundOrder"}
"""Routes that learn only from the log whose thing it is; the tests of these routes ask them about the user."""
USER = "admin"


@pytest.mark.parametrize("action", ABOUT_OTHERS)
def test_what_is_decided_about_learners_is_decided_by_others(action: str) -> None:
    """By each role of the row, wherever it holds; nothing else is refused for that reason."""
    for role, cell in RULES[action].cells.items():
        scope = {Relation.OWN_RUN: "@run:a-1", Relation.OWN_COURSE: "@course:a"}.get(cell.relation, "")
        user: Any = SimpleNamespace(subject="ann", roles=(role + scope,), proofs=PROOFS, actor=None)
        assert decide(action, user, Thing("ann", "a-1", "a")) is Refused.OWN_MATTER, role
        for learner in ("ben", None):
            assert isinstance(decide(action, user, Thing(learner, "a-1", "a")), Allowed), role


def test_what_learners_do_themselves_and_what_only_admins_decide_is_left() -> None:
    """Such as a role that an admin gives up."""
    for action in (
        "enroll",
        "submitAttempt",
        "completeUnit",
        "cancelSubscription",
        "revokeRole",
        "getLearnerDashboard",
    ):
        assert action not in ABOUT_OTHERS
    assert {"decideOutcome", "overrideGrade", "grantAllowance", "answerAppeal", *FOUND} <= set(ABOUT_OTHERS)


def naming_the_user() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests that name the user as the learner, in the path or in the body, alone or among others."""
    schemas = description()["components"]["schemas"]
    for path, operations in description()["paths"].items():
        for operation in operations.values():
            if operation["operationId"] not in ABOUT_OTHERS:
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            body = deepcopy(schemas[name]["examples"][0]) if name else {}
            fields = {"learner_id", "learner_ids"} & set(schemas[name].get("properties", ()) if name else ())
            body |= {field: ["28400", USER] if field.endswith("s") else USER for field in fields}
            if fields:
                body.pop("email", None), body.pop("display_name", None)  # who is invited by an id has no address
            if fields or "{learner_id}" in path:
                found = path.removeprefix("/v1").replace("{learner_id}", USER)
                yield operation["operationId"], re.sub(r"\{\w+\}", "1", found), body


async def test_every_route_that_names_a_learner_refuses_the_user(campus: Campus) -> None:
    """Nothing of what is named has to exist."""
    asked = set()
    for action, path, body in naming_the_user():
        answer = await campus.post(path, body, user=USER)
        assert (answer.status_code, answer.json()["code"]) == (403, "own_matter"), (action, answer.text)
        asked.add(action)
    assert {"decideOutcome", "gradeAttempt", "grantExtensions", "answerAppeal", "inviteToRun"} <= asked
    assert len(asked) > 15
