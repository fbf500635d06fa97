"""Names of the learners of a run, for those who teach on it."""

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from api.http.services import Services
from commands.log import Context
from commands.user import ChangeProfile, RegisterAccount, RequestErasure, VerifyEmail
from domain.admin import names_stream
from tests.support.api import Campus


async def test_those_who_teach_see_the_names_of_a_run(
    campus: Campus, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By id, by a part of the name, in pages; others are refused; a look is one fact on a day, which learners see."""
    services: Services = app.state.services
    await campus.open_run()
    people = {f"{campus.learner}-{no}": name for no, name in enumerate(("Zoë Müller", "Ada Lovelace", None, "Gone"))}
    for learner, name in people.items():
        context = Context(learner)
        await services.bus.handle(RegisterAccount(learner, f"{learner}@example.org"), context)
        await services.bus.handle(VerifyEmail(learner), context)
        if name is not None:
            await services.bus.handle(ChangeProfile(learner, {"display_name": name}), context)
        await campus.enroll(learner)
    zoe, ada, unnamed, gone = people
    path = f"/runs/{campus.run}/names"
    position = await campus.enroll(f"{campus.learner}-x")
    named = await campus.see(path, position, user="instructor")
    assert {each["learner_id"]: each["name"] for each in named["items"]} == {**people, f"{campus.learner}-x": None}
    position = await services.bus.handle(RequestErasure(gone), Context(gone))

    async def found(**asked: str) -> list[tuple[str, str | None, bool]]:
        page = await campus.see(path, position, user="instructor", **asked)
        return [(each["learner_id"], each["name"], each["erased"]) for each in page["items"]]

    assert await found(q="MULL") == [(zoe, "Zoë Müller", False)]
    assert await found(q="gone") == []
    assert await found(ids=f"{unnamed},{gone},someone-else") == [(unnamed, None, False), (gone, None, True)]
    first = await campus.see(path, position, user="instructor", limit=2)
    rest = await campus.see(path, position, user="instructor", limit=200, cursor=first["next"])
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 3, None]
    monkeypatch.setattr("adapters.run_names.PART", 1)  # a search goes through all parts of a large run
    for listed in ("learners", "gradebook/matrix"):
        lists = f"/runs/{campus.run}/{listed}"
        by_name = await campus.see(lists, position, user="instructor", q="lovel")
        assert [each["learner_id"] for each in by_name["items"]] == [ada]
        several = await campus.see(lists, position, user="instructor", q="l")
        assert {each["learner_id"] for each in several["items"]} >= {zoe, ada}
        for user in ("admin", "auditor"):
            assert (await campus.see(lists, position, user=user, q="lovel"))["items"] == [], "ids only"
            assert len((await campus.see(lists, position, user=user, q=ada.upper()))["items"]) == 1

    looks = await services.log.stream(names_stream(campus.run, "instructor", datetime.now(UTC)))
    assert [(look.type, look.meta.role) for look in looks] == [("names.viewed", "instructor")]
    listed = (await campus.get(f"/learners/{ada}/looks", user=ada)).json()["items"]
    assert ("instructor", f"/v1{path}") in [(each["by"], each["what"]) for each in listed]
    elsewhere = await campus.get(f"/learners/{campus.learner}/looks", user=campus.learner)
    assert elsewhere.json()["items"] == [], "who is not on the run was not looked at"

    for user in ("admin", "auditor", "analyst", ada):
        assert (await campus.get(path, user=user)).status_code == 403, user
    assert (await campus.get(f"/runs/no-{campus.tag}/names", user="instructor")).json()["code"] == "run_not_found"
    for ids in ("a,,b", ",".join(["a" + str(no) for no in range(201)])):
        assert (await campus.get(path, user="instructor", ids=ids)).json()["code"] == "bad_ids"
    assert (await campus.get(path, user="instructor", ids=ada, q="ada")).json()["code"] == "bad_ids"
