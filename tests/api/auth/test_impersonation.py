"""Acting as a learner over HTTP: what an admin may do then, who is said to have done it, and what ends it."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from adapters.settings import Settings
from api.http.services import Services
from api.http.sessions import ENDED
from commands.log import Context
from commands.roles import GrantRole, RevokeRole
from domain.fact import Fact
from domain.roles import ADMIN_OF_CAMPUS
from tests.support.api import Campus, workers
from tests.support.appends import query
from tests.support.people import PASSWORD, Browser, Town, stream_of
from tests.support.polling import guard, until

ADA, BOB = "ada@example.org", "bob@example.org"
WHY: dict[str, Any] = {"reason": "Bob cannot submit", "ticket": "HELP-4711"}


async def admin_of(town: Town, settings: Settings) -> Browser:
    """An admin with a second factor, who has proved to be there just now."""
    browser, services = await town.settle(ADA), of(town)
    a_year = services.log.clock.now() + timedelta(days=365)
    grant = GrantRole(browser.learner_id, ADMIN_OF_CAMPUS, a_year, "runs it")
    await services.bus.handle(grant, Context("operator", at=services.log.clock.now()))
    await has_factor(browser, settings)
    return browser


async def has_factor(browser: Browser, settings: Settings) -> None:
    """The browser's person has given a second factor, and the campus knows of it, and of the role."""
    await query(settings, f"UPDATE sessions SET factor_at = now() WHERE learner_id = '{browser.learner_id}'")

    async def is_known() -> bool:
        return (await browser.get("/roles")).status_code != 403

    await until(is_known)


def of(town: Town) -> Services:
    """What the process holds."""
    found: Services = town.app.state.services
    return found


async def begins(admin: Browser, learner_id: str, **more: Any) -> None:
    """The admin's browser acts as the learner from now on."""
    answer = await admin.post(f"/learners/{learner_id}/impersonation", {**WHY, **more})
    assert answer.status_code == 200, answer.text


async def sessions_of(town: Town, learner_id: str) -> list[Fact]:
    """The facts of impersonations of a learner."""
    facts = await town.log.history(learner_id)
    acted = {fact.stream_id for fact in facts if fact.type == "session.impersonated"}
    return [fact for fact in facts if fact.stream_id in acted]


async def is_refused_the_rest(ada: Browser, admin: str, learner: str) -> None:
    """What is the learner's alone, and what the admin may otherwise, is refused to who acts as the learner."""
    for refused, body in (
        (f"/learners/{learner}/impersonation", WHY),
        ("/auth/password", {"old": PASSWORD, "new": "nine quiet otters"}),
        ("/auth/email", {"email": ADA, "password": PASSWORD}),
        ("/auth/tokens", {"label": "x", "scopes": ["read"], "days": 1}),
        ("/me/account/erase", {"password": PASSWORD}),
        ("/me/account/profile", {"language": "de"}),
        ("/orders", {"product_ids": ["p"]}),
        ("/roles/grant", {"learner_id": learner, "role": "admin", "reason": "x"}),
        ("/events/ticket", {}),
    ):
        answer = await ada.post(refused, body)
        assert answer.status_code == 403, refused
        assert answer.json()["code"] in ("not_while_impersonating", "admins_only"), refused
        assert answer.headers["campus-actor"] == admin
    assert (await ada.get("/me/account")).json()["code"] == "not_while_impersonating"
    assert (await ada.get("/accounts")).status_code == 403


async def is_found_by_the_learner(town: Town, bob: Browser, admin: str) -> None:
    """Who has acted, and why, is in the learner's history and export; the reason is sealed in the log."""
    learner = bob.learner_id
    assert [(fact.type, fact.meta.actor, fact.meta.on_behalf_of) for fact in await sessions_of(town, learner)] == [
        ("session.impersonated", admin, learner),
        ("session.revoked", admin, learner),
    ]
    shown = (await bob.get(f"/learners/{learner}/history")).json()["items"]
    begun = next(fact for fact in shown if fact["type"] == "session.impersonated")
    assert (begun["data"]["reason"], begun["data"]["by"], begun["meta"]["on_behalf_of"]) == (
        WHY["reason"],
        admin,
        learner,
    )
    stored = next(fact for fact in await sessions_of(town, learner) if fact.type == "session.impersonated")
    assert stored.data["reason"].startswith("s1.")
    assert stored.meta.ticket == WHY["ticket"]
    held = (await bob.get("/me/account/export")).json()
    assert [fact["meta"]["actor"] for fact in held["facts"] if fact["type"] == "enrollment.requested"] == [admin]


async def test_an_admin_does_what_a_learner_may(town: Town, settings: Settings) -> None:
    """With both names on each fact and answer; not what is the learner's alone; and comes back to the own session."""
    ada, bob = await admin_of(town, settings), await town.settle(BOB)
    admin, learner, own = ada.learner_id, bob.learner_id, ada.token
    campus = Campus(town.client)
    await campus.open_run()
    run = campus.run
    path = f"/learners/{learner}/impersonation"
    for wrong in ({"reason": "x"}, {**WHY, "ticket": "two words"}, {**WHY, "minutes": 31}, {**WHY, "reason": " "}):
        assert (await ada.post(path, wrong)).status_code == 422, wrong
    assert (await bob.post(f"/learners/{admin}/impersonation", WHY)).json()["code"] == "admins_only"
    assert (await ada.post(f"/learners/{admin}/impersonation", WHY)).json()["code"] == "not_impersonated"
    assert (await ada.post("/learners/none/impersonation", WHY)).status_code == 404
    assert (await ada.post("/auth/impersonation/end", {})).json()["code"] == "not_impersonating"

    await begins(ada, learner)
    assert ada.token != own
    now = await ada.get("/auth/session")
    assert now.headers["campus-actor"] == admin
    assert (now.json()["learner_id"], now.json()["impersonation"]["actor_id"]) == (learner, admin)
    assert (await bob.get("/auth/session")).json()["impersonation"] is None
    listed = (await bob.get("/auth/sessions")).json()["sessions"]
    assert sorted(each["actor_id"] or "" for each in listed) == ["", admin]

    sent = [await ada.post("/enrollments", {"run_id": run}, **keyed("k1")) for _ in range(2)]
    assert {answer.json()["position"] for answer in sent} == {sent[0].json()["position"]}
    assert {answer.headers["campus-actor"] for answer in sent} == {admin}
    facts = [fact for fact in await town.log.history(learner) if fact.category == "enrollment"]
    assert [(fact.type, fact.meta.actor, fact.meta.on_behalf_of, fact.meta.role) for fact in facts] == [
        ("enrollment.requested", admin, learner, "admin"),
        ("enrollment.activated", admin, learner, "admin"),
    ]
    await is_refused_the_rest(ada, admin, learner)
    mail = await town.mail_to(BOB, 2)
    assert mail.subject == "The staff act in your name for a while"
    assert "Bob cannot submit" not in mail.text

    back = await ada.post("/auth/impersonation/end", {})
    assert back.json()["learner_id"] == admin
    assert "campus-actor" not in (await ada.get("/auth/session")).headers
    assert (await ada.get("/roles")).status_code != 403
    for old in (own, now.request.headers["cookie"].partition("=")[2]):
        stale = town.browser()
        stale.token = old
        await is_out(stale)
    await is_found_by_the_learner(town, bob, admin)


async def test_what_explains_a_history_names_both(town: Town, settings: Settings) -> None:
    """The trace of the request, why a value is what it is, and the replay; so does what follows by itself."""
    ada, bob = await admin_of(town, settings), await town.settle(BOB)
    both = {"actor": ada.learner_id, "on_behalf_of": bob.learner_id}
    campus = Campus(town.client)
    with workers(settings):
        await campus.open_run()
        await begins(ada, bob.learner_id)
        sent = await ada.post("/enrollments", {"run_id": campus.run}, **keyed("k1"))
        position = sent.json()["position"]
        await ada.post("/auth/impersonation/end", {})
        place = f"view=learner_dashboard&key={bob.learner_id}&field=courses/{campus.run}/status"

        async def is_folded() -> bool:
            answer = await bob.get(f"/why?{place}&min_position={position}")
            return answer.status_code == 200 and answer.json()["value"] == "active"

        await until(is_folded)
        why = (await bob.get(f"/why?{place}")).json()["items"]
        assert [{name: each[name] for name in both} for each in why] == [both] * len(why) != []
        trace = (await ada.get(f"/facts/{position}/trace")).json()
        assert both.items() <= trace["began_with"][0].items()
        assert [both.items() <= each.items() for each in trace["items"][:1]] == [True]
        replay = (await bob.get(f"/learners/{bob.learner_id}/replay")).text.splitlines()
        steps = [json.loads(line) for line in replay]
        enrolled = [each for each in steps if each["type"].startswith("enrollment.")]
        assert [both.items() <= each.items() for each in enrolled] == [True] * len(enrolled) != []


def keyed(key: str) -> dict[str, str]:
    """The headers of a command with a key, from a page of the campus."""
    return {"origin": "https://campus.test", "idempotency_key": key}


async def is_out(browser: Browser) -> None:
    """Wait until a browser has no session."""

    async def has_none() -> bool:
        return (await browser.get("/auth/session")).status_code == 401

    await until(has_none)


async def test_what_ends_it(town: Town, settings: Settings) -> None:
    """Each of these ends the session and its open stream, and leaves a fact that says why."""
    ada, bob = await admin_of(town, settings), await town.settle(BOB)
    admin, learner, services = ada.learner_id, bob.learner_id, of(town)
    own = ada.token

    async def handle(command: Any) -> None:
        await services.bus.handle(command, Context("operator", at=services.log.clock.now()))

    async def admin_leaves_elsewhere() -> None:
        other = town.browser()
        other.token = own
        assert (await other.post("/auth/logout", {})).status_code == 200

    async def learner_signs_out_everywhere() -> None:
        assert (await bob.post("/auth/logout", {"everywhere": True})).status_code == 200

    async def role_is_lost() -> None:
        await handle(RevokeRole(admin, ADMIN_OF_CAMPUS, "leaves"))

    async def time_passes() -> None:
        town.log.clock.move(timedelta(minutes=16))

    async def learner_is_erased() -> None:
        assert (await bob.post("/me/account/erase", {"password": PASSWORD})).status_code == 200

    async def again(browser: Browser, address: str) -> None:
        assert (await browser.post("/auth/login", {"email": address, "password": PASSWORD})).status_code == 200

    ends: list[tuple[str, str, Callable[[], Awaitable[None]]]] = [
        ("actor_left", admin, admin_leaves_elsewhere),
        ("logout_everywhere", learner, learner_signs_out_everywhere),
        ("role_lost", "dispatcher", role_is_lost),
        ("time", "dispatcher", time_passes),
        ("erasure", learner, learner_is_erased),
    ]
    said: list[tuple[str, str]] = []
    for cause, by, end in ends:
        await begins(ada, learner, minutes=15)
        async with stream_of(town, ada) as events:
            await end()
            async with guard():
                assert (await events).endswith(ENDED), cause
        await is_out(ada)

        async def is_said(number: int = len(said) + 1) -> bool:
            return sum(fact.type == "session.revoked" for fact in await sessions_of(town, learner)) == number

        await until(is_said)
        last = [fact for fact in await sessions_of(town, learner) if fact.type == "session.revoked"][-1]
        said.append((last.data["cause"], last.meta.actor))
        assert said[-1] == (cause, by)
        if cause == "role_lost":
            a_year = services.log.clock.now() + timedelta(days=365)
            await handle(GrantRole(admin, ADMIN_OF_CAMPUS, a_year, "is back"))
        if cause != "erasure":
            await again(bob, BOB)
            await again(ada, ADA)
            own = ada.token
            await has_factor(ada, settings)
