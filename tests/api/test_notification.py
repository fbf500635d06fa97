"""Notifications over HTTP: the inbox, what is read of it, and what a person wants to be notified of."""

from typing import Any

import pytest
from fastapi import FastAPI

from api.http.services import Services
from commands.log import Context
from commands.roles import GrantRole
from commands.user import RegisterAccount, VerifyEmail
from domain.roles import Grant
from tests.support.api import Campus
from tests.support.polling import until

HERE = "/me/notifications"


class Person:
    """A learner with an account, and what happens to that person."""

    def __init__(self, campus: Campus, services: Services) -> None:
        self.campus, self._bus, self.log = campus, services.bus, services.log

    async def settle(self) -> None:
        """Open the account."""
        name = self.campus.learner
        await self._give(RegisterAccount(name, f"{name}@example.org"))
        await self._give(VerifyEmail(name))

    async def grant(self, role: str) -> int:
        """A role that is granted, of which the person is notified."""
        return await self._give(GrantRole(self.campus.learner, Grant(role, "campus"), None, "a test"))

    async def _give(self, command: Any) -> int:
        return await self._bus.handle(command, Context("admin"))

    async def inbox(self, **asked: Any) -> Any:
        """What the person sees."""
        answer = await self.campus.get(HERE, user=self.campus.learner, **asked)
        assert answer.status_code == 200, answer.text
        return answer.json() | {"position": int(answer.headers["campus-position"])}

    async def once(self, *roles: str, **asked: Any) -> Any:
        """The inbox, once it tells of these roles, the latest first."""
        found: list[Any] = []

        async def is_so() -> bool:
            found.append(await self.inbox(**asked))
            return [each["about"]["role"] for each in found[-1]["items"]] == list(roles)

        await until(is_so)
        return found[-1]

    async def send(self, path: str, body: dict[str, Any] | None = None) -> int:
        """What the person does."""
        return await self.campus.send(f"{HERE}{path}", body, user=self.campus.learner)


@pytest.fixture
async def person(campus: Campus, app: FastAPI) -> Person:
    """The learner of the campus, with an account."""
    person = Person(campus, app.state.services)
    await person.settle()
    return person


async def test_a_person_is_notified_of_a_fact_and_why(person: Person) -> None:
    """The notification names its cause, and what it is about is read from that."""
    position = await person.grant("auditor")
    found = await person.once("auditor")
    (item,) = found["items"]
    assert (found["unread"], item["is_read"], item["template"], item["kind"]) == (1, False, "role_granted", "security")
    assert item["required"]
    assert (item["cause"]["position"], item["cause"]["type"]) == (position, "role.granted")
    assert (item["about"]["role"], item["about"]["scope"]) == ("auditor", "campus")


async def test_what_is_read_counts_no_more(person: Person) -> None:
    """One by one, and all up to what was seen: what came later stays unread."""
    for run in ("auditor", "analyst", "admin"):
        await person.grant(run)
    found = await person.once("admin", "analyst", "auditor")
    assert found["unread"] == 3
    newest, *_, oldest = found["items"]
    await person.campus.see(HERE, await person.send(f"/{newest['notification_id']}/read"), user=person.campus.learner)
    assert (await person.inbox())["unread"] == 2
    assert [each["position"] for each in (await person.inbox(unread=True))["items"]] == [
        each["position"] for each in found["items"][1:]
    ]
    position = await person.send("/read", {"through": oldest["position"]})
    seen = await person.campus.see(HERE, position, user=person.campus.learner)
    assert (seen["unread"], [each["is_read"] for each in seen["items"]]) == (1, [True, False, True])
    assert (await person.campus.get(f"{HERE}/unread", user=person.campus.learner)).json() == {"unread": 1}


async def test_what_is_put_away_is_listed_no_more(person: Person) -> None:
    """Nor counted."""
    await person.grant("auditor")
    (item,) = (await person.once("auditor"))["items"]
    position = await person.send(f"/{item['notification_id']}/archive")
    seen = await person.campus.see(HERE, position, user=person.campus.learner)
    assert (seen["unread"], seen["items"]) == (0, [])


async def test_an_inbox_is_read_in_pages(person: Person) -> None:
    """Each begins where the last one has ended."""
    for run in ("auditor", "analyst", "admin"):
        await person.grant(run)
    await person.once("admin", "analyst", "auditor")
    first = await person.inbox(limit=2)
    assert [each["about"]["role"] for each in first["items"]] == ["admin", "analyst"]
    rest = await person.inbox(limit=2, cursor=first["next"])
    assert ([each["about"]["role"] for each in rest["items"]], rest["next"]) == (["auditor"], None)


async def test_a_place_that_staff_give_is_notified_with_the_title_of_the_course(person: Person) -> None:
    """As it is called now; and one that the learner has asked for is not."""
    campus = person.campus
    await campus.open_run()
    body = {"run_id": campus.run, "learner_id": campus.learner}
    await campus.send("/enrollments", body, user="admin")

    titles = ["Algebra"]

    async def is_notified() -> bool:
        return [each["about"]["course_title"] for each in (await person.inbox())["items"]] == titles

    await until(is_notified)
    (item,) = (await person.inbox())["items"]
    renamed = {"title": {"old": "Algebra", "new": "Rings"}}
    await campus.send(f"/courses/{campus.course}/description", renamed, user="admin")
    titles[:] = ["Rings"]
    await until(is_notified)
    assert (item["template"], item["about"]["run_id"]) == ("enrolled", campus.run)


async def test_what_belongs_to_another_person_is_not_found(person: Person) -> None:
    """Neither read nor put away."""
    await person.grant("auditor")
    (item,) = (await person.once("auditor"))["items"]
    for act in ("read", "archive"):
        answer = await person.campus.post(f"{HERE}/{item['notification_id']}/{act}", {}, user="bob")
        assert (answer.status_code, answer.json()["code"]) == (404, "notification_not_found")


async def test_switches_say_what_is_notified(person: Person) -> None:
    """Those of required kinds cannot be set; what is muted is not listed."""
    campus = person.campus
    await campus.open_run()
    switches = [{"kind": "places", "channel": None, "on": False}]
    await person.send("/settings", {"switches": switches})
    shown = (await campus.get(f"{HERE}/settings", user=campus.learner)).json()["switches"]
    by_name = {(each["kind"], each["channel"]): each for each in shown}
    assert by_name["places", None]["chosen"] is False
    assert (by_name["places", "page"]["on"], by_name["grades", "page"]["on"]) == (False, True)
    assert by_name["security", None]["required"]
    refused = await campus.post(
        f"{HERE}/settings", {"switches": [{"kind": "security", "channel": None, "on": False}]}, user=campus.learner
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "required_kind")
    await campus.send("/enrollments", {"run_id": campus.run, "learner_id": campus.learner}, user="admin")
    await person.grant("auditor")
    assert [each["template"] for each in (await person.once("auditor"))["items"]] == ["role_granted"]
