"""The development login over HTTP."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.settings import Settings
from api.app import build
from api.dev_login import LIFETIME
from tests.support.api import Campus, served


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


async def test_the_development_login_is_not_there_unless_a_setting_asks_for_it(lively: Settings) -> None:
    """It hands out the admin: neither the default nor the deployment has it, and the description does not name it."""
    assert Settings.model_fields["dev_login"].default is False
    assert "DEV_LOGIN" not in (Path(__file__).parents[2] / "compose.yaml").read_text()
    async with served(build(lively.model_copy(update={"dev_login": False}))) as client:
        refused = await client.post("/v1/dev/login", json={"user": "admin"})
        assert (refused.status_code, refused.json()["code"]) == (404, "no_such_page")
        assert "/v1/dev/login" not in (await client.get("/openapi.json")).json()["paths"]
        assert "campus token" in (await client.get("/v1/me/dashboard")).json()["detail"]
