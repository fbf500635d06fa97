"""Signing in by a provider, honest or not: what is believed, what is refused, and in which words."""

import html
import json
import re
from collections.abc import Callable
from time import time
from typing import Any

import httpx
import pyotp
import pytest
from joserfc.jwk import RSAKey

from adapters.auth.oidc import provider as one_provider
from adapters.auth.oidc import requests
from adapters.auth.providers import LASTS
from adapters.postgres.connection import Unavailable
from commands.user import ProvisionAccount
from tests.support.appends import query
from tests.support.guests import OWN, Place, guest, owner
from tests.support.polling import until
from tests.support.provider import (
    SECRET,
    Provider,
    by_other_key,
    by_public_key,
    by_unknown_key,
    query_of,
    unsigned,
)

ADA, PASSWORD = "ada@example.org", "seven green herons"
GRACE = "subject-of-grace-at-school"


async def facts(place: Place) -> list[str]:
    """What the log knows of people, in its order."""
    kinds = "('user', 'credentials', 'session')"
    rows = await query(
        place.settings, f"SELECT type FROM events WHERE split_part(type, '.', 1) IN {kinds} ORDER BY position"
    )
    return [str(kind) for (kind,) in rows]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status of a page that refuses, and its sentence."""
    found = re.search(r'role="alert">([^<]*)<', answer.text)
    assert found is not None, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "set-cookie" not in answer.headers
    return answer.status_code, html.unescape(found[1])


async def test_who_is_unknown_gets_an_account_and_comes_back_to_it(place: Place) -> None:
    """Keyed by issuer and subject; the session is like any other, and an address that is claimed is not believed."""
    victim = await place.town.settle(ADA)
    browser = guest(place)
    answer = await browser.sign_in(place.school, GRACE, name="Grace", email=ADA, email_verified=True, locale="de")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/connected")
    assert answer.headers["referrer-policy"] == "no-referrer"
    account = await owner(place, browser)
    assert account not in ("", victim.learner_id)
    assert (await facts(place))[-3:] == ["credentials.identity_linked", "user.provisioned", "session.opened"]
    again = guest(place)
    await again.sign_in(place.school, GRACE, name="Another name")
    assert await owner(place, again) == account
    assert (await facts(place))[-1] == "session.opened"
    other = guest(place)
    await other.sign_in(place.school, "u-2", name="Grace", email=ADA)
    assert await owner(place, other) not in (account, victim.learner_id)
    (listed,) = (await again.get("/auth/identities")).json()["identities"]
    assert (listed["provider"], listed["label"]) == ("School", "Grace")
    assert GRACE not in str(await query(place.settings, "SELECT * FROM identities"))
    head, form = next((head, form) for path, head, form in place.school.asked if path == "/token")
    assert form["redirect_uri"] == "https://campus.test/v1/auth/providers/school/callback"
    assert (SECRET in head["authorization"], "client_secret" in form) == (False, False)


Lie = Callable[[Provider], None]


def claiming(**claims: Any) -> Lie:
    """Says that of whom it names."""
    return lambda provider: provider.claims.update(claims)


def signing(sign: Callable[[Provider, dict[str, Any]], str]) -> Lie:
    """Signs in that way."""
    return lambda provider: setattr(provider, "sign", sign)


LIES: dict[str, tuple[Lie, str]] = {
    "another issuer": (claiming(iss="https://other.example"), "invalid_claim: iss"),
    "another audience": (claiming(aud="another-client"), "invalid_claim: aud"),
    "an audience more": (claiming(aud=["campus", "another-client"]), "missing_claim: azp"),
    "another nonce": (claiming(nonce="n"), "invalid_claim: nonce"),
    "no nonce": (claiming(nonce=None), "missing_claim: nonce"),
    "a token that has ended": (claiming(exp=1_000), "expired_token"),
    "no signature": (signing(unsigned), "is not signed by a public key"),
    "the public key as a secret": (signing(by_public_key), "is not signed by a public key"),
    "an unknown key": (signing(by_unknown_key), "a key that it does not publish"),
    "another key": (signing(by_other_key), "bad_signature"),
}


async def test_a_provider_that_lies_signs_in_no_one(place: Place) -> None:
    """Each lie has its own clear refusal, and leaves no account, no session and no fact."""
    for name, (lie, sentence) in LIES.items():
        place.school.claims, place.school.sign = {}, None
        lie(place.school)
        status, said = refusal(await guest(place).sign_in(place.school, "u-1"))
        assert status == 403, name
        assert said.startswith("School could not sign you in here: "), name
        assert sentence in said, (name, said)
    assert await facts(place) == []
    place.school.claims, place.school.sign = {}, None
    browser = guest(place)
    answers = [await browser.sign_in(place.school, "u-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]


async def test_what_another_browser_brings_is_refused(place: Place) -> None:
    """A state is good in its own browser, once, at its provider, for ten minutes; a code, with its own state."""
    school, club = place.school, place.club
    browser, thief = guest(place), guest(place)
    said = school.agree(await browser.begin(school), "u-1")
    await thief.begin(school)
    assert refusal(await thief.come_back(school, said))[0] == 403
    assert refusal(await guest(place).come_back(school, said))[0] == 403, "without the cookie"
    assert (await browser.come_back(school, said)).status_code == 303
    status, sentence = refusal(await browser.come_back(school, said))
    assert (status, sentence.partition(",")[0]) == (403, "this sign-in was begun in another browser")

    fresh = {**said, "state": school.agree(await browser.begin(school), "u-1")["state"]}
    assert "does not know the code" in refusal(await browser.come_back(school, fresh))[1], "a code that was used"
    stolen = school.agree(await browser.begin(school), "victim")["code"]
    injected = {**school.agree(await thief.begin(school), "thief"), "code": stolen}
    assert "does not know the code" in refusal(await thief.come_back(school, injected))[1], "another's verifier"

    mixed = school.agree(await browser.begin(school), "u-1")
    asked = len(club.asked)
    assert refusal(await browser.come_back(club, mixed))[0] == 403, "to the address of another provider"
    assert refusal(await browser.come_back(school, {**mixed, "iss": club.issuer}))[1].startswith("School could not")
    assert [path for path, *_ in club.asked[asked:] if path == "/token"] == []
    without = school.agree(await browser.begin(school), "u-1")
    del without["iss"]
    assert "from another provider" in refusal(await browser.come_back(school, without))[1]

    late = school.agree(await browser.begin(school), "u-1")
    place.town.log.clock.move(LASTS)
    assert refusal(await browser.come_back(school, late))[0] == 403
    denied = {"error": "access_denied", "state": school.agree(await browser.begin(school), "u-1")["state"]}
    denied["iss"] = school.issuer
    assert "have not agreed" in refusal(await browser.come_back(school, denied))[1]
    twice = await browser.client.get(f"/v1/auth/providers/school/callback?{query_of(late)}&state=x&session_state=y")
    assert refusal(twice)[0] == 403
    assert refusal(await browser.come_back(Provider(name="nowhere"), late))[0] == 404


async def test_a_provider_that_is_away_keeps_no_one_out(place: Place) -> None:
    """A clear answer at both steps, and the password goes on; redirects and other hosts are refused."""
    await place.town.settle(ADA)
    browser, school = guest(place), place.school

    async def begin() -> tuple[int, str]:
        provider = place.town.app.state.services.people.providers._by_name["school"]
        provider._metadata = provider._failed = None
        body = {"provider": "school"}
        answer = await browser.client.post("/v1/auth/providers/begin", json=body, headers=OWN)
        return answer.status_code, str(answer.json().get("detail", ""))

    school.status["/.well-known/openid-configuration"] = 302
    assert await begin() == (
        503,
        "School cannot be asked (it has answered 302): try again later, or sign in with your password",
    )
    assert [path for path, *_ in school.asked if path == "/elsewhere"] == []
    asked = len(school.asked)
    answer = await browser.client.post("/v1/auth/providers/begin", json={"provider": "school"}, headers=OWN)
    assert (answer.status_code, len(school.asked)) == (503, asked), "it is not asked again at once"
    school.status.clear()
    lies: dict[str, Any] = {
        "issuer": "https://other.example",
        "token_endpoint": "http://169.254.169.254/latest",
        "jwks_uri": "file:///etc/passwd",
        "authorization_endpoint": "https://evil.example/authorize",
        "code_challenge_methods_supported": ["plain"],
    }
    for name, lie in lies.items():
        school.metadata = {name: lie}
        assert (await begin())[0] == 403, name
    school.metadata = {"x": "y" * requests.LARGEST}
    assert "larger than 512 KiB" in (await begin())[1]
    school.metadata = {}
    assert await begin() == (200, "")
    said = school.agree(await browser.begin(school), "u-1")
    school.status["/token"] = 500
    status, sentence = refusal(await browser.come_back(school, said))
    assert (status, "it has answered 500" in sentence) == (503, True)
    answer = await browser.post("/auth/login", {"email": ADA, "password": PASSWORD})
    assert answer.status_code == 200


async def test_a_person_connects_an_account_by_hand(place: Place) -> None:
    """After a step-up, in the session that has begun it; what belongs to another account stays there."""
    club, school, browser = place.club, place.school, guest(place)
    await browser.sign_in(school, "u-1")
    status, sentence = refusal(await guest(place).sign_in(club, "c-1", email=ADA))
    assert (status, sentence.partition(":")[0]) == (403, "no account here is connected with this one of School")

    person = await place.town.settle(ADA)
    ada = guest(place)
    ada.token = person.token
    link = "/auth/identities/begin"
    said = club.agree(await ada.begin(club, link), "c-1", preferred_username="ada")
    session, ada.token = ada.token, ""
    assert refusal(await ada.come_back(club, said))[0] == 403, "signed out meanwhile"
    ada.token = session
    said = club.agree(await ada.begin(club, link), "c-1", preferred_username="ada")
    assert (await ada.come_back(club, said)).headers["location"] == "/account/connected"
    assert (await facts(place))[-1] == "credentials.identity_linked"
    await place.town.mail_to(ADA, 2)
    taken = school.agree(await ada.begin(school, link), "u-1")
    assert refusal(await ada.come_back(school, taken))[0] == 409
    back = guest(place)
    assert (await back.sign_in(club, "c-1")).status_code == 303
    assert await owner(place, back) == await owner(place, ada) != ""

    (listed,) = (await back.get("/auth/identities")).json()["identities"]
    body = {"identity_id": listed["identity_id"]}
    assert (await back.post("/auth/identities/unlink", body)).json()["code"] == "step_up_needed"
    said = club.agree(await back.begin(club, "/auth/confirm/provider"), "c-1")
    assert "just now" in refusal(await back.come_back(club, said))[1], "it does not say when"
    said = club.agree(await back.begin(club, "/auth/confirm/provider"), "c-1", auth_time=int(time()))
    before = back.token
    assert (await back.come_back(club, said)).status_code == 303
    assert back.token != before
    assert (await back.post("/auth/identities/unlink", body)).json() == {"identities": []}
    assert (await facts(place))[-2:] == ["session.revoked", "credentials.identity_unlinked"]
    assert (await owner(place, back), await owner(place, ada) != "") == ("", True), "those end that it has opened"
    assert refusal(await guest(place).sign_in(club, "c-1"))[0] == 403

    (listed,) = (await browser.get("/auth/identities")).json()["identities"]
    said = school.agree(await browser.begin(school, "/auth/confirm/provider"), "u-1", auth_time=int(time()))
    await browser.come_back(school, said)
    last = await browser.post("/auth/identities/unlink", {"identity_id": listed["identity_id"]})
    assert (last.status_code, last.json()["code"]) == (409, "last_way_in")
    erased = await browser.post("/me/account/erase", {})
    assert erased.status_code == 200, "who has no password has proved at the provider to be there"


async def test_a_second_factor_of_the_campus_follows(place: Place) -> None:
    """Unless the provider is believed for it, and says so."""
    school, browser = place.school, guest(place)
    await browser.sign_in(school, "u-1", auth_time=int(time()))
    found = (await browser.post("/auth/factors/app", {"label": "my telephone"})).json()
    app = pyotp.TOTP(found["secret"])
    body = {"factor_id": found["factor_id"], "code": app.now()}
    codes = (await browser.post("/auth/factors/app/confirm", body)).json()["recovery_codes"]
    again = guest(place)
    answer = await again.sign_in(school, "u-1", amr=["pwd"])
    assert answer.headers["location"] == "/signin/code?next=/account/connected"
    (pending,) = re.findall(r"__Host-campus-pending=([^;]+);", answer.headers["set-cookie"])
    assert again.token == ""
    assert (await again.post("/auth/login/code", {"pending": pending, "code": codes[0]})).status_code == 200
    methods = "SELECT convert_from(data, 'UTF8') FROM events WHERE type = 'session.opened' ORDER BY position"
    believed = guest(place)
    assert (await believed.sign_in(school, "u-1", amr=["pwd", "mfa"])).headers["location"] == "/account/connected"
    said = [json.loads(text)["method"] for (text,) in await query(place.settings, methods)]
    assert said == ["provider", "provider+recovery_code", "provider+mfa"]
    session = await place.town.app.state.services.people.sessions.find(believed.token)
    assert session.factor_at is not None


async def test_keys_are_read_once_more_for_one_that_is_new(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that has changed its keys signs in at once; a key that is not found has them read once in a minute."""
    school = place.school
    await guest(place).sign_in(school, "u-1")
    school.key = RSAKey.generate_key(2048, {"kid": "k2"})
    monkeypatch.setattr(one_provider, "ASKED_AGAIN", 0.0)
    assert (await guest(place).sign_in(school, "u-1")).status_code == 303
    monkeypatch.setattr(one_provider, "ASKED_AGAIN", 60.0)
    school.sign = by_unknown_key
    for _ in range(3):
        assert refusal(await guest(place).sign_in(school, "u-1"))[0] == 403
    assert [path for path, *_ in school.asked].count("/keys") == 2


async def test_an_account_that_was_begun_is_gone_on_with(place: Place) -> None:
    """What ended between the steps is the same account the next time; erased, a person is new."""
    browser, school = guest(place), place.school
    providers = place.town.app.state.services.people.providers
    handle = providers._access.handle

    async def broken(command: Any, learner_id: str, request_id: str) -> None:
        if isinstance(command, ProvisionAccount):
            raise Unavailable("away")
        await handle(command, learner_id, request_id)

    providers._access.handle = broken
    assert refusal(await browser.sign_in(school, "u-1"))[0] == 503
    providers._access.handle = handle
    assert (await browser.sign_in(school, "u-1", auth_time=int(time()))).status_code == 303
    assert (await facts(place)).count("credentials.identity_linked") == 1
    account = await owner(place, browser)
    assert (await browser.post("/me/account/erase", {})).status_code == 200

    async def is_forgotten() -> bool:
        return await query(place.settings, "SELECT 1 FROM identities") == []

    await until(is_forgotten)
    after = guest(place)
    assert (await after.sign_in(school, "u-1")).status_code == 303
    assert await owner(place, after) not in ("", account)


async def test_a_sign_in_leads_to_a_path_of_this_campus(place: Place) -> None:
    """And nowhere else; and it is begun on a page of this campus."""
    client = place.town.client
    for path in ("//evil.example", "/\\\\evil.example", "https://evil.example", "/a\tb", "evil", ""):
        body = {"provider": "school", "return_to": path}
        answer = await client.post("/v1/auth/providers/begin", json=body, headers=OWN)
        assert answer.status_code == 422, path
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = await client.post("/v1/auth/providers/begin", json={"provider": "school"}, headers=elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")
