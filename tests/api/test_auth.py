"""The development login over HTTP."""

from datetime import UTC, datetime, timedelta

from api.auth import LIFETIME
from tests.support.api import Campus


async def test_a_login_gives_a_token_that_is_taken(campus: Campus) -> None:
    """With the roles of the user, and the time at which it ends."""
    for user, roles in (("admin", ["admin"]), ("instructor", ["instructor"]), (campus.learner, ["learner"])):
        answer = (await campus.client.post("/v1/dev/login", json={"user": user})).json()
        assert (answer["user"], answer["roles"]) == (user, roles)
        left = datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)
        assert timedelta(0) < left <= LIFETIME
        headers = {"authorization": f"Bearer {answer['token']}"}
        assert (await campus.client.get("/v1/me/dashboard", headers=headers)).status_code == 200


async def test_a_login_needs_an_id(campus: Campus) -> None:
    """One that could be an id of a learner."""
    for body in ({}, {"user": "a b"}, {"user": ""}):
        refused = await campus.client.post("/v1/dev/login", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
