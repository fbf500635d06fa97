"""Invitations over HTTP: the staff invite, a mail comes, its link completes the account."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from adapters.command_bus.bus import Bus
from adapters.settings import Settings
from commands.log import Context
from tests.support.people import PASSWORD, Town
from tests.support.people import town as town_of
from tests.support.usecases import AT, COURSE, LASTING, LONG

ADA = "ada@example.org"


@pytest.fixture
async def town(settings: Settings) -> AsyncIterator[Town]:
    """A campus whose mails arrive, with a course."""
    async with town_of(settings) as town:
        for command in (*COURSE, *LASTING):
            await Bus(town.log).handle(command, Context("test", AT))
        yield town


async def sent(town: Town, path: str, body: dict[str, Any], user: str = "admin") -> httpx.Response:
    """What the staff, or another user, are answered."""
    token = (await town.client.post("/v1/dev/login", json={"user": user})).json()["token"]
    return await town.client.post(f"/v1{path}", json=body, headers={"authorization": f"Bearer {token}"})


async def test_an_invited_person_gets_a_mail_and_completes_the_account(town: Town) -> None:
    """With the place on the run; a second invitation says that there is an account, and sends no mail."""
    body = {"email": ADA, "display_name": "Ada", "run_id": LONG}
    assert (await sent(town, "/invitations", body, "carol")).json()["code"] == "staff_only"
    first = (await sent(town, "/invitations", body)).json()
    assert (first["is_new"], first["is_enrolled"]) == (True, True)
    mail = await town.mail_to(ADA)
    assert mail.subject == "You are invited"
    assert (await sent(town, "/invitations", body)).json() == {**first, "is_new": False}
    found = re.search(r"#(\S+)", mail.text)
    assert found is not None
    completion = {"token": found[1], "password": PASSWORD, "display_name": "Ada Lovelace"}
    answer = await town.browser().post("/auth/complete", completion)
    assert answer.json()["learner_id"] == first["learner_id"], answer.text
    types = [fact.type for fact in await town.log.stream(f"user-{first['learner_id']}")]
    assert types == ["user.invited", "user.email_verified", "user.profile_changed"]
    (asked, *_) = await town.log.stream(f"enrollment-{first['learner_id']}:{LONG}")
    assert (asked.type, asked.meta.actor) == ("enrollment.requested", "admin")
    assert len(town.inbox.mails) == 1
    (look,) = [each for each in await town.log.history(first["learner_id"]) if each.type == "record.viewed"]
    assert (look.data["by"], look.data["what"]) == ("admin", "/v1/invitations"), "it was answered whose address it is"


async def test_many_are_invited_line_by_line(town: Town) -> None:
    """A dry run says the same and does nothing; sent again the file does what is left to do."""
    csv = f"email,run_id\n{ADA},{LONG}\nbob@example,\ncid@example.org,none\n{ADA.upper()},\n"
    report = {
        "invited": 1,
        "known": 1,
        "enrolled": 1,
        "refused": [
            {"line": 3, "field": "email", "problem": "has to be an e-mail address, such as ada@example.org"},
            {"line": 4, "field": "run_id", "problem": "there is no course run none"},
        ],
    }
    dry = await sent(town, "/invitations/bulk", {"csv": csv, "dry_run": True})
    assert dry.json() == {"dry_run": True, **report}
    assert not town.inbox.mails
    done = (await sent(town, "/invitations/bulk", {"csv": csv})).json()
    assert done == {"dry_run": False, **report}
    mended = csv.replace("bob@example,", "bob@example.org,").replace("none", LONG)
    again = (await sent(town, "/invitations/bulk", {"csv": mended})).json()
    assert again == {"dry_run": False, "invited": 1, "known": 3, "enrolled": 2, "refused": []}
    for address in (ADA, "bob@example.org", "cid@example.org"):
        assert (await town.mail_to(address)).subject == "You are invited"
    ada = await town.app.state.services.people.addresses.find(ADA)
    looks = [each.data for each in await town.log.history(ada) if each.type == "record.viewed"]
    assert [(each["by"], each["what"]) for each in looks] == [("admin", "/v1/invitations/bulk")], (
        "who has an account is known by the file"
    )


async def test_a_file_that_is_none_is_refused(town: Town) -> None:
    """Too long, without a head, or for a single person who is none; no value stands in the answer."""
    long = "email\n" + "".join(f"p{number}@example.org\n" for number in range(1_001))
    for body, code in (({"csv": long}, "too_many_lines"), ({"csv": "name\nAda\n"}, "bad_csv"), ({}, "invalid_request")):
        answer = await sent(town, "/invitations/bulk", body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    bad = await sent(town, "/invitations", {"email": "ada@nowhere"})
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_invitation")
    assert "nowhere" not in bad.text
