"""What is made in a session that has ended, of which this process has not heard yet, does not outlast it."""

from typing import Any
from uuid import uuid4

import httpx
import pyotp

from api.http.services import Services
from commands.auth import SetPassword
from commands.log import Context
from commands.user import SuspendAccount
from tests.support.authenticator import Authenticator
from tests.support.people import ORIGIN, Browser, Town

TOKEN = {"label": "notebook", "scopes": ["read", "write"]}


async def ask_late(town: Town, browser: Browser, end: Any, path: str, body: dict[str, Any]) -> httpx.Response:
    """Ask in a session that a fact has ended, as a process does that has looked for changes just before that."""
    services: Services = town.app.state.services
    changes = services.people.changes
    assert (await browser.get("/auth/session")).status_code == 200
    changes._looked_at = float("inf")
    await services.bus.handle(end, Context("admin", town.log.clock.now()))
    answer = await browser.post(path, body)
    changes._looked_at = float("-inf")
    return answer


async def test_tokens_and_codes_end_with_the_session(town: Town) -> None:
    """Of who was in another's session, or is suspended: nothing is left that opens the account."""
    people = town.app.state.services.people
    for number, (path, body) in enumerate(
        (("/auth/tokens", TOKEN), ("/auth/apps", TOKEN), ("/auth/factors/codes", {}))
    ):
        browser = await town.settle(f"{number}@example.org")
        learner_id = browser.learner_id
        end = SuspendAccount(learner_id, "a test") if number else SetPassword(learner_id, uuid4().hex, "reset")
        refused = await ask_late(town, browser, end, path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_refused"), path
        assert await people.api_tokens.of_person(learner_id) == []
        assert (await browser.get("/auth/sessions")).status_code == 401
    made = [fact for fact in await town.log.stream(f"credentials-{learner_id}") if fact.type.endswith("codes_made")]
    assert len(made) == 2, "others, which were shown to no one, have taken the place of those in the answer"


async def test_factors_end_with_the_session(town: Town) -> None:
    """Neither an app nor a passkey, by which alone one signs in, is added."""
    people = town.app.state.services.people
    browser, machine = await town.settle("app@example.org"), Authenticator(ORIGIN, "campus.test")
    begun = (await browser.post("/auth/factors/app", {"label": "app"})).json()
    code = pyotp.TOTP(begun["secret"]).at(town.log.clock.now())
    end = SetPassword(browser.learner_id, uuid4().hex, "reset")
    body: dict[str, Any] = {"factor_id": begun["factor_id"], "code": code}
    refused = await ask_late(town, browser, end, "/auth/factors/app/confirm", body)
    assert refused.json()["code"] == "sign_in_refused"
    other = await town.settle("key@example.org")
    asked = (await other.post("/auth/passkeys/begin", {})).json()
    body = {"state": asked["state"], "credential": machine.create(asked["options"]), "label": "key"}
    end = SetPassword(other.learner_id, uuid4().hex, "reset")
    refused = await ask_late(town, other, end, "/auth/passkeys", body)
    assert refused.json()["code"] == "sign_in_refused"
    for each in (browser, other):
        assert (await people.credentials(each.learner_id)).factors == {}
        assert await people.factors.table.of_person(each.learner_id) == []
