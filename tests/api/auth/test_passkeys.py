"""Passkeys over HTTP, with a machine that may misbehave."""

from typing import Any

from adapters.auth.passkeys import LIFETIME
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator
from tests.support.people import ORIGIN, PASSWORD, Browser, Town

ADA, HOST = "ada@example.org", "campus.test"


async def add(browser: Browser, machine: Authenticator, **changes: Any) -> tuple[int, dict[str, Any]]:
    """A person adds the passkey of a machine."""
    begun = (await browser.post("/auth/passkeys/begin", {})).json()
    body = {"state": begun["state"], "credential": machine.create(begun["options"]), "label": "my laptop", **changes}
    answer = await browser.post("/auth/passkeys", body)
    return answer.status_code, answer.json()


async def challenge(browser: Browser) -> dict[str, Any]:
    """What is to be signed."""
    found: dict[str, Any] = (await browser.post("/auth/passkeys/challenge", {})).json()
    return found


async def sign_in(browser: Browser, body: dict[str, Any]) -> tuple[int, str]:
    """The status of signing in by a passkey, and the code of its refusal."""
    answer = await browser.post("/auth/login/passkey", body)
    return answer.status_code, answer.json().get("code", "")


async def signed(browser: Browser, machine: Authenticator) -> dict[str, Any]:
    """A challenge that the machine has signed."""
    asked = await challenge(browser)
    return {"state": asked["state"], "credential": machine.get(asked["options"])}


async def test_a_passkey_signs_in_and_proves_to_be_there(town: Town) -> None:
    """Without a password; each challenge once; the password alone opens nothing any more."""
    owner, machine = await town.settle(ADA), Authenticator(ORIGIN, HOST)
    status, added = await add(owner, machine)
    assert (status, len(added.get("recovery_codes", []))) == (200, 10), added
    (factor,) = (await owner.get("/auth/factors")).json()["factors"]
    assert (factor["kind"], factor["label"]) == ("passkey", "my laptop")
    browser = town.browser()
    body = await signed(browser, machine)
    assert await sign_in(browser, body) == (200, "")
    assert (await browser.get("/auth/sessions")).status_code == 200
    assert await sign_in(town.browser(), body) == (403, "factor_refused"), "a challenge is taken once"
    step = (await town.browser().post("/auth/login", {"email": ADA, "password": PASSWORD})).json()
    assert (step["status"], step["kinds"]) == ("second_factor_needed", ["passkey", "recovery_code"])
    confirmed = await browser.post("/auth/confirm", {"passkey": await signed(browser, machine)})
    assert confirmed.status_code == 200, confirmed.text
    again = (await owner.post("/auth/passkeys/begin", {})).json()["options"]["excludeCredentials"]
    assert len(again) == 1, "a machine does not get a second one"


async def test_a_machine_that_misbehaves_gets_no_passkey(town: Town) -> None:
    """For another origin or host, without looking at the person, for another challenge, with what is no answer."""
    owner = await town.settle(ADA)
    machines = [
        Authenticator("https://evil.example", HOST),
        Authenticator(ORIGIN, "evil.example"),
        Authenticator(ORIGIN, HOST),
    ]
    machines[2].flags = PRESENT
    for machine in machines:
        assert (await add(owner, machine))[1]["code"] == "factor_refused"
    good = Authenticator(ORIGIN, HOST)
    other = (await owner.post("/auth/passkeys/begin", {})).json()
    stranger = await town.settle("eve@example.org")
    foreign = (await stranger.post("/auth/passkeys/begin", {})).json()
    to_sign = await challenge(owner)
    for state in (foreign["state"], to_sign["state"], other["state"] + "x", "x"):
        assert (await add(owner, good, state=state))[1]["code"] == "factor_refused"
    assert (await add(owner, good, credential=good.create(other["options"])))[1]["code"] == "factor_refused"
    for nonsense in ({}, {"id": 1}, {"id": "a", "rawId": "b", "response": {}}, {"response": None}, {"id": "\x00"}):
        assert (await add(owner, good, credential=nonsense))[1]["code"] == "factor_refused"
    assert (await add(owner, good))[0] == 200
    assert (await add(stranger, good))[1]["code"] == "factor_refused", "it is of another person"


async def test_a_machine_that_misbehaves_signs_no_one_in(town: Town) -> None:
    """Also one that knows the id of a passkey, and a copy that has counted less; too late is too late."""
    owner, machine = await town.settle(ADA), Authenticator(ORIGIN, HOST)
    await add(owner, machine)
    browser = town.browser()
    machine.count = 5
    assert await sign_in(browser, await signed(browser, machine)) == (200, "")
    browser = town.browser()
    thief = Authenticator(ORIGIN, HOST)
    thief.credential_id, thief.user = machine.credential_id, machine.user
    thief.count = 10
    assert await sign_in(browser, await signed(browser, thief)) == (403, "factor_refused")
    for change, back in (
        ({"origin": "https://evil.example"}, {"origin": ORIGIN}),
        ({"host": "evil.example"}, {"host": HOST}),
        ({"flags": PRESENT}, {"flags": PRESENT | VERIFIED}),
        ({"credential_id": b"another"}, {"credential_id": machine.credential_id}),
        ({"count": 2}, {"count": 20}),
    ):
        for name, value in change.items():
            setattr(machine, name, value)
        assert await sign_in(browser, await signed(browser, machine)) == (403, "factor_refused"), change
        for name, value in back.items():
            setattr(machine, name, value)
    body = await signed(browser, machine)
    others: list[dict[str, Any]] = [{}, {"id": "AQID"}, {"id": body["credential"]["id"]}, {"id": "é"}, {"id": []}]
    for credential in others:
        assert await sign_in(browser, {**body, "credential": credential}) == (403, "factor_refused")
    town.log.clock.move(LIFETIME)
    assert await sign_in(browser, body) == (403, "factor_refused")
    assert await sign_in(browser, await signed(browser, machine)) == (200, "")


async def test_a_passkey_of_another_person_proves_nothing(town: Town) -> None:
    """Neither for the session of one by the passkey of the other, nor by a challenge for signing in."""
    owner, stranger, machine = await town.settle(ADA), await town.settle("eve@example.org"), Authenticator(ORIGIN, HOST)
    await add(owner, machine)
    refused = await stranger.post("/auth/confirm", {"passkey": await signed(stranger, machine)})
    assert refused.json()["code"] == "factor_refused"
    refused = await owner.post("/auth/confirm", {"passkey": await signed(town.browser(), machine)})
    assert refused.json()["code"] == "factor_refused"
    await owner.post(
        "/auth/factors/remove", {"factor_id": (await owner.get("/auth/factors")).json()["factors"][0]["factor_id"]}
    )
    browser = town.browser()
    assert await sign_in(browser, await signed(browser, machine)) == (403, "factor_refused")
