"""Tokens of the API over HTTP: what they open, until when, and what ends them."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from adapters.auth.changes import FRESH
from adapters.auth.issuing import ACCESS_LASTS, APP_LASTS
from adapters.settings import Settings
from commands.log import Context
from commands.roles import GrantRole
from domain.auth import STEP_UP
from domain.roles import ADMIN_OF_CAMPUS
from tests.support.appends import query
from tests.support.authenticator import Authenticator
from tests.support.people import ORIGIN, PASSWORD, Browser, Town
from tests.support.polling import until

ADA = "ada@example.org"
COMMAND, BODY = "/v1/me/account/profile", {"language": "de"}


async def personal(browser: Browser, *scopes: str, days: int = 30) -> dict[str, Any]:
    """A personal token."""
    answer = await browser.post("/auth/tokens", {"label": "my notebook", "scopes": [*scopes], "days": days})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def app_of(browser: Browser, *scopes: str) -> dict[str, Any]:
    """The first tokens of an app."""
    answer = await browser.post("/auth/apps", {"label": "my telephone", "scopes": [*scopes]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ask(town: Town, token: str, path: str = "/v1/me/dashboard") -> httpx.Response:
    """Ask with a token."""
    return await town.client.get(path, headers={"authorization": f"Bearer {token}"})


async def send(town: Town, token: str) -> httpx.Response:
    """Send a command with a token; a page of another origin may do that, since no cookie goes along."""
    headers = {"authorization": f"Bearer {token}", "origin": "https://notebook.example"}
    return await town.client.post(COMMAND, json=BODY, headers=headers)


async def renew(town: Town, token: str) -> httpx.Response:
    """Renew the token of an app."""
    return await town.client.post("/v1/auth/token", json={"refresh_token": token})


async def is_refused(town: Town, token: str) -> bool:
    """Whether a token opens nothing."""
    answer = await ask(town, token)
    return answer.status_code == 401


async def test_a_personal_token_opens_what_its_scopes_say(town: Town, settings: Settings) -> None:
    """Until its end or until it is revoked; what is kept is no token, and its name is sealed."""
    owner = await town.settle(ADA)
    reads, writes = await personal(owner, "read"), await personal(owner, "read", "write", days=1)
    assert (await ask(town, reads["token"])).status_code == 200
    refused = await send(town, reads["token"])
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_needed")
    assert (await send(town, writes["token"])).status_code == 202
    sends = (await personal(owner, "write"))["token"]
    assert (await send(town, sends)).status_code == 202
    for path in ("/v1/me/dashboard", "/v1/me/dashboard?min_position=0", "/v1/me/account", "/v1/me/events"):
        refused = await ask(town, sends, path)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_needed"), path
    listed = (await owner.get("/auth/tokens")).json()["tokens"]
    assert {(each["label"], each["used_at"] is not None) for each in listed} == {("my notebook", True)}
    rows = await query(settings, "SELECT token_hash, label FROM api_tokens")
    assert all(bytes(row[0]) != reads["token"].encode() and row[1].startswith("s1.") for row in rows)
    stranger = await town.settle("eve@example.org")
    assert (await stranger.post("/auth/tokens/revoke", {"token_id": reads["token_id"]})).json() == {"ended": 0}
    for text in (reads["token"][:-1], reads["token"] + "x", "campus_", "campus_x", reads["token"].swapcase()):
        assert await is_refused(town, text)
    assert (await owner.post("/auth/tokens/revoke", {"token_id": reads["token_id"]})).json() == {"ended": 1}
    assert await is_refused(town, reads["token"])
    town.log.clock.move(timedelta(days=1))
    assert await is_refused(town, writes["token"])


async def test_a_token_neither_steps_up_nor_gets_tickets_nor_manages_sessions(town: Town) -> None:
    """It is not the person; and who wants one has proved lately to be there."""
    owner = await town.settle(ADA)
    token = (await personal(owner, "read", "write"))["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await town.client.get("/v1/auth/sessions", headers=headers)).status_code == 401
    ticket = await town.client.post("/v1/events/ticket", headers=headers)
    assert (ticket.status_code, ticket.json()["code"]) == (422, "bad_request")
    confirmed = await town.client.post("/v1/auth/confirm", json={"password": PASSWORD}, headers=headers)
    assert confirmed.status_code == 401
    town.log.clock.move(STEP_UP)
    for path in ("tokens", "apps"):
        refused = await owner.post(f"/auth/{path}", {"label": "x", "scopes": ["read"]})
        assert refused.json()["code"] == "step_up_needed"


async def test_what_ends_all_sessions_ends_all_tokens(town: Town) -> None:
    """A token that a thief has issued does not outlive the password."""
    owner = await town.settle(ADA)
    token, app = (await personal(owner, "read"))["token"], await app_of(owner, "read")
    assert (await owner.post("/auth/password", {"old": PASSWORD, "new": "nine quiet otters"})).status_code == 200
    assert await is_refused(town, token)
    assert await is_refused(town, app["access_token"])
    assert (await renew(town, app["refresh_token"])).json()["code"] == "token_refused"


async def test_an_app_renews_its_tokens(town: Town) -> None:
    """The access token ends to the second; who has the public keys can check it."""
    owner = await town.settle(ADA)
    first = await app_of(owner, "read")
    assert (first["token_type"], first["scope"]) == ("Bearer", "read")
    assert 0 < first["expires_in"] <= ACCESS_LASTS.total_seconds()
    assert (await ask(town, first["access_token"])).status_code == 200
    published = (await town.client.get("/.well-known/jwks.json")).json()
    assert all("d" not in key for key in published["keys"])
    token = jwt.decode(first["access_token"], KeySet.import_key_set(published), algorithms=["Ed25519"])
    assert token.claims["iss"] == ORIGIN
    assert token.claims["exp"] - token.claims["iat"] == ACCESS_LASTS.total_seconds()
    town.log.clock.move(ACCESS_LASTS)
    assert await is_refused(town, first["access_token"])
    second = (await renew(town, first["refresh_token"])).json()
    assert (await ask(town, second["access_token"])).status_code == 200
    assert await is_refused(town, second["refresh_token"]), "it renews, and opens nothing"
    town.log.clock.move(timedelta(days=62))
    third = (await renew(town, second["refresh_token"])).json()
    assert (await ask(town, third["access_token"])).status_code == 200, "another key has signed it"


async def test_an_app_ends_however_often_it_renews(town: Town) -> None:
    """A renewal moves no end (ASVS 10.4.8): after the time that it was let in for, the person has to do it again."""
    owner = await town.settle(ADA)
    tokens = await app_of(owner, "read")
    for _ in range(2):
        town.log.clock.move(APP_LASTS / 3)
        tokens = (await renew(town, tokens["refresh_token"])).json()
    town.log.clock.move(APP_LASTS / 3 - timedelta(seconds=60))
    tokens = (await renew(town, tokens["refresh_token"])).json()
    assert tokens["expires_in"] <= 60, "nor does an access token outlive it"
    town.log.clock.move(timedelta(seconds=60))
    refused = await renew(town, tokens["refresh_token"])
    assert (refused.status_code, refused.json()["code"]) == (403, "token_refused")
    assert await is_refused(town, tokens["access_token"])


async def test_a_renewing_token_that_comes_back_ends_the_app(town: Town) -> None:
    """Of any earlier turn; of two at the same time one wins, and both are out after that. Others of the person stay."""
    owner = await town.settle(ADA)
    other = (await personal(owner, "read"))["token"]
    tokens = [await app_of(owner, "read")]
    for _ in range(3):
        tokens.append((await renew(town, tokens[-1]["refresh_token"])).json())
    refused = await renew(town, tokens[0]["refresh_token"])
    assert (refused.status_code, refused.json()["code"]) == (403, "token_refused")
    assert (await renew(town, tokens[-1]["refresh_token"])).status_code == 403
    assert await is_refused(town, tokens[-1]["access_token"])
    assert (await ask(town, other)).status_code == 200
    again = await app_of(owner, "read")
    answers = await asyncio.gather(*(renew(town, again["refresh_token"]) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers)[:2] in ([200, 403], [403, 403])
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert all([(await renew(town, each["refresh_token"])).status_code == 403 for each in won])
    for text in ("x", "campus_x.0.y", "campus_.0.", again["refresh_token"].replace(".0.", ".1."), "campus_a.-1.b"):
        assert (await renew(town, text)).json()["code"] == "token_refused"


async def test_an_access_token_that_was_not_signed_here_opens_nothing(town: Town) -> None:
    """Changed, unsigned, for others, signed by another key, of another month, or with the public key as a secret."""
    owner = await town.settle(ADA)
    good = (await app_of(owner, "read"))["access_token"]
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    published = (await town.client.get("/.well-known/jwks.json")).json()["keys"][1]
    kid, own = published["kid"], OKPKey.generate_key("Ed25519")

    def made(claims: dict[str, Any], key: OKPKey = own, **header: Any) -> str:
        return jwt.encode({"alg": "Ed25519", "kid": kid, **header}, claims, key, algorithms=["Ed25519"])

    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    secret = OctKey.import_key(base64.urlsafe_b64decode(published["x"] + "=="))
    signing = await town.app.state.services.people.tokens.keys.signing(town.log.clock.now())
    assert (await ask(town, made(claims, signing))).status_code == 200
    others = [
        *(made({**claims, "aud": each}, signing) for each in ("https://other.example", ["x"], None, 7)),
        made({name: value for name, value in claims.items() if name != "aud"}, signing),
        made(claims),
        made(claims, kid="2020-01"),
        made(claims, kid="../x"),
        f"{head}.{part({**claims, 'sub': 'eve'})}.{signature}",
        f"{part({'alg': 'none'})}.{body}.",
        f"{part({'alg': 'none', 'kid': kid})}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-3]}",
        jwt.encode({"alg": "HS256", "kid": kid}, claims, secret, algorithms=["HS256"]),
        *(good[:-2], "eyJ.eyJ.x", "a.b.c", "..", "é"),
    ]
    for text in others:
        answer = await town.client.get("/v1/me/dashboard", headers=[(b"authorization", f"Bearer {text}".encode())])
        assert answer.status_code == 401, text
    assert (await ask(town, good)).status_code == 200


async def test_a_token_that_is_revoked_elsewhere_ends_here(town: Town) -> None:
    """What this process remembers of it is half a second old at most; a stream that it has opened ends with it."""
    assert FRESH <= 0.5
    owner = await town.settle(ADA)
    issued = await personal(owner, "read")
    tokens = town.app.state.services.people.tokens
    assert (await ask(town, issued["token"])).status_code == 200
    async with tokens.table.watch(issued["token_id"]) as ended:
        await query(town.app.state.services.settings, "DELETE FROM api_tokens")

        async def is_over() -> bool:
            return ended.is_set() and await is_refused(town, issued["token"])

        await until(is_over)


async def test_a_token_of_the_staff_stands_for_the_second_factor_of_its_session(town: Town) -> None:
    """One that was issued without it opens what a learner may see; commands that need a step-up it never sends."""
    owner, machine = await town.settle(ADA), Authenticator(ORIGIN, "campus.test")
    without = (await personal(owner, "read"))["token"]
    services = town.app.state.services
    grant = GrantRole(owner.learner_id, ADMIN_OF_CAMPUS, None, "first")
    await services.bus.handle(grant, Context("operator", at=services.log.clock.now()))
    begun = (await owner.post("/auth/passkeys/begin", {})).json()
    body = {"state": begun["state"], "credential": machine.create(begun["options"]), "label": "my laptop"}
    assert (await owner.post("/auth/passkeys", body)).status_code == 200
    within = (await personal(owner, "read", "write"))["token"]

    async def is_admin() -> bool:
        return (await ask(town, within, "/v1/policy")).status_code == 200

    await until(is_admin)
    refused = await ask(town, without, "/v1/policy")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed")
    wish = {"role": "instructor", "scope": "run:none", "reason": "x", "learner_id": "x"}
    headers = {"authorization": f"Bearer {within}"}
    refused = await town.client.post("/v1/roles/grant", json=wish, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed")
