"""One's own account over HTTP."""

import pytest
from fastapi import FastAPI

from api.http.services import Services
from commands.log import Context
from commands.user import RegisterAccount, RequestErasure, VerifyEmail
from tests.support.api import Campus


@pytest.fixture
def services(campus: Campus, app: FastAPI) -> Services:
    """What the routes use."""
    found: Services = app.state.services
    return found


async def test_a_person_sees_and_changes_the_account(campus: Campus, services: Services) -> None:
    """The answer has the texts, the read model has them sealed; another person has another account."""
    me = campus.learner
    assert (await campus.get("/me/account", user=me)).json()["code"] == "account_not_found"
    context = Context(me)
    await services.bus.handle(RegisterAccount(me, "ada@example.org", "en", "Europe/London"), context)
    refused = await campus.post("/me/account/profile", {"display_name": "Ada"})
    assert (refused.status_code, refused.json()["code"]) == (409, "account_not_active")
    await services.bus.handle(VerifyEmail(me), context)
    position = await campus.send("/me/account/profile", {"display_name": "Ada Lovelace", "language": "en-GB"})
    account = await campus.see("/me/account", position, user=me)
    assert {
        name: account[name] for name in ("learner_id", "status", "email", "display_name", "language", "time_zone")
    } == {
        "learner_id": me,
        "status": "active",
        "email": "ada@example.org",
        "display_name": "Ada Lovelace",
        "language": "en-GB",
        "time_zone": "Europe/London",
    }
    assert (await campus.get("/me/account", user="admin")).status_code == 404
    for user in (me, "admin"):  # a name is shown to the person, and to no one else
        history = (await campus.get(f"/learners/{me}/history", user=user)).text
        assert "user.registered" in history
        assert ("ada@example.org" in history, "Lovelace" in history) == (user == me, user == me)

    position = await services.bus.handle(RequestErasure(me), context)
    account = await campus.see("/me/account", position, user=me)
    assert (account["status"], account["email"], account["display_name"]) == ("erased", None, None)
    assert (await campus.post("/me/account/profile", {"display_name": "Ada"})).json()["code"] == "person_erased"


async def test_a_person_consents_and_is_asked_again(campus: Campus, services: Services) -> None:
    """The list has the words that are asked for; the staff see a name and an address with consent only."""
    me, path = campus.learner, f"/learners/{campus.learner}/contact"
    context = Context(me)
    assert (await campus.get(path)).json()["code"] == "consent_needed", "it does not say whether there is an account"
    for command in (RegisterAccount(me, f"{me}@example.org"), VerifyEmail(me)):
        await services.bus.handle(command, context)
    name = {"display_name": "Ada Lovelace"}
    await campus.send("/me/account/profile", name)
    refused = await campus.get(path, user="instructor")
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_needed")
    listed = (await campus.get("/me/consents", user=me)).json()["consents"]
    assert [(each["purpose"], each["given_version"], each["is_given"]) for each in listed] == [
        ("contact_by_staff", None, False),
        ("research", None, False),
    ]
    given = {each: listed[0][each] for each in ("purpose", "version")}
    position = await campus.send("/me/consents", given)
    assert await campus.send("/me/consents", given) == position
    assert (await campus.get("/me/consents", user=me)).json()["consents"][0]["is_given"]
    seen = (await campus.get(path, user="instructor", reason="a question")).json()
    assert (seen["display_name"], seen["address"]) == ("Ada Lovelace", f"{me}@example.org")
    (look,) = (await campus.get(f"/learners/{me}/looks", user=me)).json()["items"]
    assert (look["by"], look["what"], look["reason"]) == ("instructor", f"/v1{path}", "a question")
    assert (await campus.get(path, user=me)).json()["code"] == "staff_only"
    for body, code in (
        ({"purpose": "fame", "version": 1}, "unknown_purpose"),
        ({**given, "version": 7}, "other_version"),
    ):
        assert (await campus.post("/me/consents", body)).json()["code"] == code
    await campus.send("/me/consents/withdraw", {"purpose": given["purpose"]})
    assert (await campus.get(path)).json()["code"] == "consent_needed"


@pytest.mark.parametrize(
    "body",
    [
        {"display_name": ""},
        {"display_name": "a\nb"},
        {"display_name": "a\u0000b"},
        {"display_name": "a\u202eb"},
        {"display_name": "x" * 101},
        {"language": "English"},
        {"time_zone": "Mars/Base"},
        {"time_zone": "../etc/passwd"},
        {"email": "bob@example.org"},
        {"learner_id": "bob"},
    ],
)
async def test_what_is_no_profile_is_refused(campus: Campus, services: Services, body: dict[str, str]) -> None:
    """Line ends, what turns the direction of text, what is too long, other zones, and fields of others."""
    me = campus.learner
    await services.bus.handle(RegisterAccount(me, f"{me}@example.org"), Context(me))
    await services.bus.handle(VerifyEmail(me), Context(me))
    refused = await campus.post("/me/account/profile", body)
    assert refused.status_code == 422, refused.text
    if (value := next(iter(body.values()))) and value.isprintable():
        assert value not in refused.json()["detail"]


async def test_a_lone_surrogate_is_refused(campus: Campus) -> None:
    """It is no text that could be stored."""
    headers = await campus.as_user(campus.learner, **{"content-type": "application/json"})
    refused = await campus.client.post("/v1/me/account/profile", content=b'{"display_name":"\\ud800"}', headers=headers)
    assert refused.status_code == 422, refused.text
