"""What has become of notifications, over HTTP."""

from typing import Any

from fastapi import FastAPI

from api.http.services import Services
from commands.log import Context
from commands.notification import NoteSent, NoteSuppressed, PlanNotifications
from commands.user import RegisterAccount, VerifyEmail
from domain.notification import SuppressedBy, dedupe_key, notification_id
from tests.support.api import Campus


async def test_staff_see_what_has_become_of_mails(campus: Campus, app: FastAPI) -> None:
    """Numbers by template, why something was not sent, and the mails in doubt; learners see none of it."""
    services: Services = app.state.services
    name = campus.learner

    async def give(command: Any) -> int:
        return await services.bus.handle(command, Context("test"))

    async def counted(position: int) -> dict[str, Any]:
        report = await campus.see("/notifications/report", position)
        found = [each for each in report["counts"] if (each["channel"], each["template"]) == ("email", "seat_offered")]
        return {**(found[0] if found else dict.fromkeys(("planned", "sent", "suppressed"), 0)), **report["reasons"]}

    before = await counted(await give(RegisterAccount(name, f"{name}@example.org")))
    await give(VerifyEmail(name))
    ids = []
    for number in range(2):
        cause = f"{campus.tag}-{number}"
        await give(PlanNotifications(name, "seat_offered", cause, 1))
        ids.append(notification_id(dedupe_key(cause, "email", "seat_offered")))
    await give(NoteSent(name, ids[0], 2, doubtful=True))
    position = await give(NoteSuppressed(name, ids[1], SuppressedBy.STALE))
    after = await counted(position)
    grown = {key: after[key] - before.get(key, 0) for key in ("planned", "sent", "suppressed", "stale")}
    assert grown == {"planned": 2, "sent": 1, "suppressed": 1, "stale": 1}
    first = (await campus.see("/notifications/doubtful", position, limit=1))["items"][0]
    assert (first["learner_id"], first["notification_id"], first["outcome"]) == (name, ids[0], "sent")
    assert (await campus.get("/notifications/report", user=name)).status_code == 403
    assert (await campus.get("/notifications/doubtful", user=name)).status_code == 403


async def test_staff_see_what_mails_say(campus: Campus) -> None:
    """With sample data, in each language, and the HTML where nothing acts; learners see none of it."""
    here = "/notifications/mail-preview"
    shown = (await campus.get(here, user="admin", template="outcome_decided", language="de")).json()
    assert (shown["template"], shown["language"]) == ("outcome_decided", "de")
    assert "bestanden" in shown["subject"] + shown["text"]
    assert {"digest", "outcome_decided"} <= set(shown["templates"])
    html = await campus.get(f"{here}/html", user="admin")
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "sandbox" in html.headers["content-security-policy"]
    assert (await campus.get(here, user="admin", template="none")).status_code == 422
    for path in (here, f"{here}/html"):
        assert (await campus.get(path, user=campus.learner)).status_code == 403
