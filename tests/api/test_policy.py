"""The policy over HTTP."""

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.http.policy.decision import RULES
from api.http.policy.rows import ROWS
from api.http.routing import operation_id
from tests.support.api import Campus


async def test_admins_and_auditors_read_the_table(campus: Campus) -> None:
    """The same that every route asks; others do not."""
    for user in ("admin", "auditor"):
        answer = await campus.get("/policy", user=user)
        assert [row["action"] for row in answer.json()["rows"]] == [row.action for row in ROWS]
    (grant,) = [row for row in answer.json()["rows"] if row["action"] == "grantRole"]
    assert grant == {
        "action": "grantRole", "group": "Roles", "kind": "command", "found": "path",
        "access": [{"role": "admin", "relation": "any", "redacts": []}], "step_up": True, "reason": True,
        "consent": "", "impersonated": False,
    }  # fmt: skip
    for user in ("instructor", campus.learner):
        assert (await campus.get("/policy", user=user)).json()["code"] == "admins_only"
    assert (await campus.client.get("/v1/policy")).status_code == 401


def test_a_reason_that_the_policy_asks_for_is_required(app: FastAPI) -> None:
    """By the body of the command; a ground of a closed list is one, too."""
    document = app.openapi()
    bodies = {}
    for route in app.routes:
        if isinstance(route, APIRoute) and route.body_field is not None and operation_id(route) in RULES:
            (operation,) = (document["paths"][route.path][each.lower()] for each in route.methods or ())
            name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            bodies[operation_id(route)] = document["components"]["schemas"][name.rpartition("/")[2]]
    for row in ROWS:
        if row.reason:
            assert {"reason", "ground"} & set(bodies[row.action]["required"]), row.action
