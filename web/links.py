"""
Pages to which links of mails lead (adapters/auth/links.py): each has a button, so that programs that look at links of
mails use nothing up.

What a link carries is behind `#`, where no server sees it: a script fills it in (links.js), and without one the person
copies it. It goes on with the form alone.
"""

from typing import Final

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
MOVED: Final = {
    "/v1/auth/welcome": "/welcome",
    "/v1/auth/recover": "/recover",
    "/v1/auth/new-address": "/new-address",
    "/v1/auth/old-address": "/old-address",
    "/v1/auth/sign-in": "/signin",
    "/v1/auth/registration": "/register",
    "/v1/auth/security": "/account/security",
    "/v1/auth/connected": "/account/connected",
}
"""Where pages were that mails, bookmarks and settings of providers name; what is behind `#` goes along by itself."""


def _moved(before: str, now: str) -> None:
    @pages.get(before, visitors=True)
    async def lead_on(page: Page) -> Response:
        return page.go(now)


for each in MOVED.items():
    _moved(*each)


@pages.get("/welcome", visitors=True)
async def welcome_page(page: Page) -> Response:
    """Name and password of who has registered, or was invited."""
    return page.html("account/welcome.html", problem=None, sent={})


@pages.post("/welcome", visitors=True)
async def complete(page: Page) -> Response:
    """Complete the registration, and be signed in."""
    form = await page.form()
    body = {name: form.get(name, "") for name in ("token", "password", "display_name")}
    try:
        answer = await page.api.send("/v1/auth/complete", body=body)
    except Problem as problem:
        return page.html("account/welcome.html", problem.status, problem=problem, sent=body)
    return page.go("/learn", answer, page.say("Your registration is complete, and you are signed in."))


@pages.get("/recover", visitors=True)
async def recover_page(page: Page) -> Response:
    """Another password in the place of a forgotten one."""
    return page.html("account/recover.html", problem=None, sent={})


@pages.post("/recover", visitors=True)
async def recover(page: Page) -> Response:
    """Set it; all sessions end."""
    form = await page.form()
    body = {"token": form.get("token", ""), "password": form.get("password", "")}
    try:
        answer = await page.api.send("/v1/auth/reset", body=body)
    except Problem as problem:
        return page.html("account/recover.html", problem.status, problem=problem, sent=body)
    said = page.say("Your password is set, and you were signed out everywhere. Sign in with the new password.")
    return page.go("/signin", answer, said)


@pages.get("/new-address", visitors=True)
async def new_address_page(page: Page) -> Response:
    """A new address of the account, or one for notifications."""
    return page.html("account/new-address.html", problem=None, sent={})


@pages.post("/new-address", visitors=True)
async def confirm_address(page: Page) -> Response:
    """Confirm that mails arrive there."""
    body = {"token": (await page.form()).get("token", "")}
    try:
        answer = await page.api.send("/v1/auth/email/verify", body=body)
    except Problem as problem:
        return page.html("account/new-address.html", problem.status, problem=problem, sent=body)
    return page.go("/account" if page.user else "/signin", answer, page.say("The address is confirmed."))


@pages.get("/old-address", visitors=True)
async def old_address_page(page: Page) -> Response:
    """The way back for who has not changed the address of the account."""
    return page.html("account/old-address.html", problem=None, sent={})


@pages.post("/old-address", visitors=True)
async def take_back(page: Page) -> Response:
    """Take the change back, and set another password; all sessions end."""
    form = await page.form()
    body = {"token": form.get("token", ""), "password": form.get("password", "")}
    try:
        answer = await page.api.send("/v1/auth/email/restore", body=body)
    except Problem as problem:
        return page.html("account/old-address.html", problem.status, problem=problem, sent=body)
    said = page.say("Your account has its old address and the new password. Sign in with it.")
    return page.go("/signin", answer, said)
