"""The account of who has signed in: profile, security, sessions, connected sign-ins, privacy."""

import asyncio
from zoneinfo import available_timezones

import msgspec
from fastapi import Response

from api.http.step_up import is_confirmed
from web.client import Problem
from web.page import Page, own_address
from web.proof import asking
from web.routing import Pages
from web.signin import leading_on, signed_out

pages = Pages()
ZONES = tuple(sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"))


@pages.get("/account")
async def profile_page(page: Page) -> Response:
    """Name, language and zone."""
    return await _profile(page)


@pages.post("/account")
async def change_profile(page: Page) -> Response:
    """Change them; the pages are in the language from then on."""
    form = await page.form()
    sent = {name: form.get(name, "") for name in ("display_name", "language", "time_zone", "notification_address")}
    changes = {name: value for name, value in sent.items() if value or name == "notification_address"}
    try:
        answer = await page.api.send("/v1/me/account/profile", body=changes)
    except Problem as problem:
        return await _profile(page, problem, sent)
    page.speak(sent["language"])
    return page.in_language(page.go("/account", answer, page.say("Saved.")), sent["language"])


@pages.get("/account/security")
async def security_page(page: Page) -> Response:
    """Password, and what is asked for beside it."""
    return await _security(page)


@pages.post("/account/password")
async def change_password(page: Page) -> Response:
    """Choose another password; all other sessions end."""
    form = await page.form()
    body = {"old": form.get("old", ""), "new": form.get("new", "")}
    try:
        answer = await page.api.send("/v1/auth/password", body=body)
    except Problem as problem:
        return await _security(page, problem)
    return page.go("/account/security", answer, page.say("The password is changed; all other sessions have ended."))


@pages.post("/account/factors/app")
async def begin_app(page: Page) -> Response:
    """Show the secret of an app, as a picture, and ask for the code that it shows."""
    form = await page.form()
    label = form.get("label", "") or page.say("My telephone")
    app = await page.api.send("/v1/auth/factors/app", body={"label": label})
    return page.html("account/app.html", app=app.body, problem=None)


@pages.post("/account/factors/app/confirm")
async def confirm_app(page: Page) -> Response:
    """Add the app; with the first factor come recovery codes, which are shown once."""
    form = await page.form()
    body = {"factor_id": form.get("factor_id", ""), "code": form.get("code", "")}
    try:
        answer = await page.api.send("/v1/auth/factors/app/confirm", body=body)
    except Problem as problem:
        app = {"factor_id": body["factor_id"], "secret": form.get("secret", ""), "picture": ""}
        return page.html("account/app.html", problem.status, app=app, problem=problem)
    if not answer["recovery_codes"]:
        return page.go("/account/security", answer, page.say("The app is added."))
    return page.with_cookies(page.html("account/codes.html", codes=answer["recovery_codes"]), answer)


@pages.post("/account/factors/codes")
async def make_codes(page: Page) -> Response:
    """Recovery codes in the place of those that there were."""
    answer = await page.api.send("/v1/auth/factors/codes", body={})
    return page.html("account/codes.html", codes=answer["recovery_codes"])


@pages.post("/account/factors/remove")
async def remove_factor(page: Page) -> Response:
    """Remove a second factor."""
    form = await page.form()
    answer = await page.api.send("/v1/auth/factors/remove", body={"factor_id": form.get("factor_id", "")})
    return page.go("/account/security", answer, page.say("The second factor is removed."))


@pages.get("/account/sessions")
async def sessions_page(page: Page) -> Response:
    """Where the person is signed in."""
    found = await page.api.get("/v1/auth/sessions")
    return page.html("account/sessions.html", sessions=found["sessions"])


@pages.post("/account/sessions/end")
async def end_session(page: Page) -> Response:
    """End another session."""
    form = await page.form()
    answer = await page.api.send("/v1/auth/sessions/revoke", body={"session_id": form.get("session_id", "")})
    return page.go("/account/sessions", answer, page.say("The session has ended."))


@pages.post("/account/sessions/end-all")
async def end_all(page: Page) -> Response:
    """End all sessions, this one too."""
    answer = await page.api.send("/v1/auth/logout", body={"everywhere": True})
    return signed_out(page, answer, page.say("You are signed out everywhere."))


@pages.get("/account/connected")
async def connected_page(page: Page) -> Response:
    """Accounts elsewhere by which the person signs in."""
    identities, providers = await asyncio.gather(
        page.api.get("/v1/auth/identities"), page.api.get("/v1/auth/providers")
    )
    return page.html("account/connected.html", identities=identities["identities"], providers=providers["providers"])


@pages.post("/account/connected")
async def connect(page: Page) -> Response:
    """Connect one more."""
    form = await page.form()
    body = {"provider": form.get("provider", ""), "return_to": "/account/connected"}
    return leading_on(page, await page.api.send("/v1/auth/identities/begin", body=body))


@pages.post("/account/connected/end")
async def disconnect(page: Page) -> Response:
    """Disconnect one."""
    form = await page.form()
    answer = await page.api.send("/v1/auth/identities/unlink", body={"identity_id": form.get("identity_id", "")})
    return page.go("/account/connected", answer, page.say("It is disconnected."))


@pages.get("/account/privacy")
async def privacy_page(page: Page) -> Response:
    """What the person has consented to, all that is kept, and the end of it."""
    consents = await page.api.get("/v1/me/consents")
    return page.html("account/privacy.html", consents=consents["consents"], problem=None)


@pages.get("/account/export")
async def export_page(page: Page) -> Response:
    """Where the export is had, once the person has proved to be there."""
    if page.user is not None and not is_confirmed(page.user, page.reader.now):
        return page.go("/confirm?next=/account/export")
    return page.html("account/export.html")


@pages.post("/account/export")
async def export(page: Page) -> Response:
    """The export as JSON; as a page the API itself has it."""
    answer = await page.api.get("/v1/me/account/export")
    headers = {"content-disposition": 'attachment; filename="my-data.json"', "cache-control": "no-store"}
    return Response(msgspec.json.encode(answer.body), 200, headers, "application/json")


@pages.post("/account/consents")
async def change_consent(page: Page) -> Response:
    """Give a consent, or take it back."""
    form = await page.form()
    purpose = form.get("purpose", "")
    if form.get("version", "").isdigit():
        body = {"purpose": purpose, "version": int(form["version"])}
        answer = await page.api.send("/v1/me/consents", body=body)
    else:
        answer = await page.api.send("/v1/me/consents/withdraw", body={"purpose": purpose})
    return page.go("/account/privacy", answer, page.say("Saved."))


@pages.post("/account/erase")
async def erase(page: Page) -> Response:
    """Have the account erased, for ever."""
    form = await page.form()
    body = {"password": form["password"]} if form.get("password") else {}
    try:
        answer = await page.api.send("/v1/me/account/erase", body=body)
    except Problem as problem:
        consents = await page.api.get("/v1/me/consents")
        return page.html("account/privacy.html", problem.status, consents=consents["consents"], problem=problem)
    return page.go("/", answer, page.say("Your account is erased."))


@pages.get("/confirm")
async def confirm_page(page: Page) -> Response:
    """Prove once more to be there, before a page."""
    onward = own_address(page.query.get("next", "/account"))
    return await asking(page, "/confirm", {"next": onward}, onward)


@pages.post("/confirm")
async def confirm(page: Page) -> Response:
    """Go on: the proof came along with the form (proof.py), or before it from a passkey."""
    onward = own_address((await page.form()).get("next", "/account"))
    return page.go(onward, notice=page.say("Thank you. Go on with what you wanted to do."))


@pages.post("/confirm/provider")
async def confirm_by_provider(page: Page) -> Response:
    """Prove it by signing in once more at the provider of a connected sign-in."""
    form = await page.form()
    body = {"provider": form.get("provider", ""), "return_to": own_address(form.get("next", "/account"))}
    return leading_on(page, await page.api.send("/v1/auth/confirm/provider", body=body))


async def _profile(page: Page, problem: Problem | None = None, sent: dict[str, str] | None = None) -> Response:
    account = (await page.api.read("/v1/me/account")).body
    status = 200 if problem is None else problem.status
    values = sent or account
    return page.html("account/profile.html", status, account=account, values=values, problem=problem, zones=ZONES)


async def _security(page: Page, problem: Problem | None = None) -> Response:
    factors = (await page.api.get("/v1/auth/factors")).body
    status = 200 if problem is None else problem.status
    return page.html("account/security.html", status, factors=factors, problem=problem)
