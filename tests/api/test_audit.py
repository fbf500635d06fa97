"""What the staff have done, with reason and ticket, and how it is found."""

import csv
import io
from collections.abc import Mapping
from urllib.parse import quote

import httpx
from fastapi import FastAPI

from api.http.services import Services
from commands.log import Context
from commands.user import RegisterAccount
from domain.personal import is_sealed
from tests.support.api import Campus
from tests.support.polling import until

REASON = "Ada hat angerufen: „bitte“"


async def act(campus: Campus, path: str, body: Mapping[str, object], *, user: str, **headers: str) -> httpx.Response:
    """Send a command with these headers."""
    return await campus.client.post(f"/v1{path}", json=body, headers=await campus.as_user(user, **headers))


async def test_what_the_staff_do_is_found_by_everything_that_names_it(campus: Campus, app: FastAPI) -> None:
    """By who did it, about whom, what it was, its ticket and its time; what learners do of their own is not in it."""
    services: Services = app.state.services
    me, ticket = campus.learner, f"HELP-{int(campus.tag, 16)}"
    await services.bus.handle(RegisterAccount(me, f"{me}@example.org"), Context(me))
    role = {"learner_id": me, "role": "analyst", "scope": "campus", "reason": "helps out"}
    headers = {"campus-ticket": ticket, "campus-reason": quote(REASON)}
    granted = (await act(campus, "/roles/grant", role, user="admin", **headers)).json()["position"]
    (fact,) = await services.log.at([granted])
    assert (fact.meta.role, fact.meta.ticket, fact.meta.actor) == ("admin", ticket, "admin")
    key = await services.log.keys.reading(fact.stream_id)
    assert is_sealed(fact.meta.reason or "")
    assert key.open(fact.meta.reason) == REASON
    for asked in ({"ticket": ticket}, {"about": me}, {"ticket": ticket, "actor": "admin", "action": "role.granted"}):
        (found,) = (await campus.get("/audit", user="auditor", **asked)).json()["items"]
        assert (found["position"], found["about"], found["role"]) == (granted, me, "admin")
        assert (found["action"], found["reason"], found["ticket"]) == ("role.granted", "helps out", ticket)
    for asked in (
        {"actor": me},
        {"ticket": ticket, "to": "2020-01-01T00:00:00Z"},
        {"ticket": ticket, "from": "2100-01-01T00:00:00Z"},
        {"action": "role.revoked", "about": me},
    ):
        assert (await campus.get("/audit", user="auditor", **asked)).json()["items"] == []
    text = await campus.client.get(
        "/v1/audit", params={"ticket": ticket}, headers=await campus.as_user("admin", accept="text/csv")
    )
    (line,) = csv.DictReader(io.StringIO(text.text, newline=""))
    assert (line["position"], line["ticket"], line["reason"]) == (str(granted), ticket, "helps out")
    for user in (me, "instructor"):
        assert (await campus.get("/audit", user=user)).json()["code"] == "admins_only"


async def test_pages_of_the_audit_follow_each_other(campus: Campus) -> None:
    """The newest first, each fact once."""
    ticket = f"HELP-{int(campus.tag, 16)}"
    positions = []
    for number in range(3):
        body = {"course_id": f"{campus.course}-{number}", "title": "Algebra"}
        answer = await act(campus, "/courses", body, user="instructor", **{"campus-ticket": ticket})
        positions.append(answer.json()["position"])
    page = (await campus.get("/audit", ticket=ticket, limit=2)).json()
    rest = (await campus.get("/audit", ticket=ticket, limit=2, cursor=page["next"])).json()
    found = [(each["position"], each["about"]) for each in page["items"] + rest["items"]]
    assert (found, rest["next"]) == ([(each, None) for each in reversed(positions)], None)


async def test_a_bad_ticket_or_reason_is_refused(campus: Campus) -> None:
    """A ticket is a reference and never a text, and a reason has something to say."""
    body = {"course_id": campus.course, "title": "Algebra"}
    for headers, code in (
        ({"campus-ticket": "Ada Lovelace"}, "bad_ticket"),
        ({"campus-ticket": "help-1"}, "bad_ticket"),
        ({"campus-reason": "%00"}, "bad_reason"),
        ({"campus-reason": "%FF"}, "bad_reason"),
        ({"campus-reason": "50% off"}, "bad_reason"),
        ({"campus-reason": "x" * 201}, "bad_reason"),
    ):
        answer = await act(campus, "/courses", body, user="instructor", **headers)
        assert answer.json()["code"] == code, headers


async def test_what_the_staff_are_refused_is_found(campus: Campus) -> None:
    """With the rule that refused it, and the ticket."""
    ticket = f"HELP-{int(campus.tag, 16)}"
    body = {"learner_id": campus.learner, "role": "assistant", "scope": "campus", "reason": "is over"}
    answer = await act(campus, "/roles/revoke", body, user="admin", **{"campus-ticket": ticket})
    assert answer.json()["code"] == "role_not_granted"

    async def found() -> bool:
        return bool((await campus.get("/audit/refusals", ticket=ticket)).json()["items"])

    await until(found)
    (refused,) = (await campus.get("/audit/refusals", ticket=ticket)).json()["items"]
    assert (refused["actor"], refused["role"], refused["about"]) == ("admin", "admin", campus.learner)
    assert (refused["action"], refused["code"], refused["ticket"]) == ("RevokeRole", "role_not_granted", ticket)
    assert (await campus.get("/audit/refusals", user=campus.learner)).json()["code"] == "admins_only"
