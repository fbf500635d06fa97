"""
Pages to which links of mails lead (adapters/auth/links.py): each has a button, so that programs that look at links of
mails use nothing up.

What a link carries is behind `#`, where no server sees it: a script fills it in (links.js), and without one the person
copies it. It goes on with the form alone.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
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
    return _form(page)


@pages.post("/welcome", visitors=True)
async def complete(page: Page) -> Response:
    """Complete the registration, and be signed in."""
    said = page.say("Your registration is complete, and you are signed in.")
    return await _use(page, "/v1/auth/complete", ("token", "password", "display_name"), "/learn", said)


@pages.get("/recover", visitors=True)
async def recover_page(page: Page) -> Response:
    """Another password in the place of a forgotten one."""
    return _form(page)


@pages.post("/recover", visitors=True)
async def recover(page: Page) -> Response:
    """Set it; all sessions end."""
    said = page.say("Your password is set, and you were signed out everywhere. Sign in with the new password.")
    return await _use(page, "/v1/auth/reset", ("token", "password"), "/signin", said)


@pages.get("/new-address", visitors=True)
async def new_address_page(page: Page) -> Response:
    """A new address of the account, or one for notifications."""
    return _form(page)


@pages.post("/new-address", visitors=True)
async def confirm_address(page: Page) -> Response:
    """Confirm that mails arrive there."""
    onward, said = "/account" if page.user else "/signin", page.say("The address is confirmed.")
    return await _use(page, "/v1/auth/email/verify", ("token",), onward, said)


@pages.get("/old-address", visitors=True)
async def old_address_page(page: Page) -> Response:
    """The way back for who has not changed the address of the account."""
    return _form(page)


@pages.post("/old-address", visitors=True)
async def take_back(page: Page) -> Response:
    """Take the change back, and set another password; all sessions end."""
    said = page.say("Your account has its old address and the new password. Sign in with it.")
    return await _use(page, "/v1/auth/email/restore", ("token", "password"), "/signin", said)


def _form(page: Page, problem: Problem | None = None, sent: Mapping[str, str] = MappingProxyType({})) -> Response:
    """The form of the address, whose template is called as it is."""
    status = 200 if problem is None else problem.status
    return page.html(f"account{page.request.url.path}.html", status, problem=problem, sent=sent)


async def _use(page: Page, path: str, fields: Sequence[str], onward: str, said: str) -> Response:
    """Send what the link carries with the other fields, and go on; the form again for what is refused."""
    form = await page.form()
    body = {field: form.get(field, "") for field in fields}
    try:
        answer = await page.api.send(path, body=body)
    except Problem as problem:
        return _form(page, problem, body)
    return page.go(onward, answer, said)
