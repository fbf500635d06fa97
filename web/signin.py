"""Signing in and out, registering, and a forgotten password; what follows by the links of mails is in links.py."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from api.auth.providers import PENDING_COOKIE
from api.http.sessions import ATTRIBUTES
from web.client import Answer, Problem
from web.page import Page, own_address, page_of
from web.routing import Pages

pages = Pages()
SAMPLES = ("learner", "instructor", "auditor", "analyst", "admin")


@pages.get("/signin", visitors=True)
async def sign_in_page(page: Page) -> Response:
    """Address and password, a passkey, or an account elsewhere."""
    onward = own_address(page.query.get("next", "/"))
    return page.go(onward) if page.user is not None else await _first_step(page, onward)


@pages.post("/signin", visitors=True)
async def sign_in(page: Page) -> Response:
    """The first step; the second one follows where the account has a second factor."""
    form = await page.form()
    onward, email = own_address(form.get("next", "/")), form.get("email", "")
    try:
        answer = await page.api.send("/v1/auth/login", body={"email": email, "password": form.get("password", "")})
    except Problem as problem:
        return await _first_step(page, onward, problem, email)
    if answer["status"] == "second_factor_needed":
        return _second_step(page, onward, answer["pending"])
    return page.go(onward, answer)


@pages.get("/signin/code", visitors=True)
async def code_page(page: Page) -> Response:
    """The second step after a sign-in elsewhere, which has left a cookie."""
    onward, pending = own_address(page.query.get("next", "/")), page.request.cookies.get(PENDING_COOKIE, "")
    if not pending:
        return page.go(f"/signin?next={quote(onward)}")
    response = _second_step(page, onward, pending)
    response.headers.append("set-cookie", f"{PENDING_COOKIE}=; Max-Age=0; {ATTRIBUTES}")
    return response


@pages.get("/signed-in")
async def signed_in_page(page: Page) -> Response:
    """For who has signed in beside a page whose session had ended: that one goes on."""
    return page.html("account/signed-in.html")


@pages.post("/signin/code", visitors=True)
async def enter_code(page: Page) -> Response:
    """The code of the app, or one for recovery."""
    form = await page.form()
    onward, pending = own_address(form.get("next", "/")), form.get("pending", "")
    try:
        answer = await page.api.send("/v1/auth/login/code", body={"pending": pending, "code": form.get("code", "")})
    except Problem as problem:
        return _second_step(page, onward, pending, problem)
    return page.go(onward, answer)


@pages.post("/signin/provider", visitors=True)
async def sign_in_elsewhere(page: Page) -> Response:
    """Lead on to the provider; no redirect does, since the policy of pages keeps forms on this campus."""
    form = await page.form()
    body = {"provider": form.get("provider", ""), "return_to": own_address(form.get("next", "/"))}
    return leading_on(page, await page.api.send("/v1/auth/providers/begin", body=body))


@pages.post("/signin/sample", visitors=True)
async def be_a_sample_person(page: Page) -> Response:
    """Be one of the people of a development campus."""
    form = await page.form()
    answer = await page.api.send("/v1/dev/session", body={"person": form.get("person", "")})
    return page.go(own_address(form.get("next", "/")), answer)


@pages.post("/signout", visitors=True)
async def sign_out(page: Page) -> Response:
    """End this session, and go on to where the session of a provider ends, if it has such an address."""
    return signed_out(page, await page.api.send("/v1/auth/logout", body={}), page.say("You are signed out."))


@pages.get("/register", visitors=True)
async def register_page(page: Page) -> Response:
    """The address of who wants an account."""
    return page.html("account/register.html", problem=None, email="")


@pages.post("/register", visitors=True)
async def register(page: Page) -> Response:
    """A mail follows, whether there is an account or not."""
    email = (await page.form()).get("email", "")
    reader = page.reader
    body = {"email": email, "language": reader.language, "time_zone": str(reader.zone)}
    try:
        await page.api.send("/v1/auth/register", body=body)
    except Problem as problem:
        return page.html("account/register.html", problem.status, problem=problem, email=email)
    return page.html("account/mail.html", email=email)


@pages.get("/forgotten", visitors=True)
async def forgotten_page(page: Page) -> Response:
    """Whose password is forgotten."""
    return page.html("account/forgotten.html", problem=None, email="")


@pages.post("/forgotten", visitors=True)
async def forget(page: Page) -> Response:
    """A mail follows, if there is an account."""
    email = (await page.form()).get("email", "")
    try:
        await page.api.send("/v1/auth/forgotten", body={"email": email})
    except Problem as problem:
        return page.html("account/forgotten.html", problem.status, problem=problem, email=email)
    return page.html("account/mail.html", email=email)


async def refused_elsewhere(request: Request, document: Mapping[str, Any]) -> Response:
    """
    The page for a browser that a provider has sent back in vain; *document* says why.

    Its links lead to the page for signing in: the address that the provider has sent is good once.
    """
    here = {"path": "/signin", "raw_path": b"/signin", "query_string": b""}
    page = await page_of(Request({**request.scope, **here}, request.receive))
    problem = Problem(document["status"], document, reader=page.reader)
    response = page.html("account/refused.html", problem.status, problem=problem)
    response.headers["referrer-policy"] = "no-referrer"
    return await page.drawn(response)


def leading_on(page: Page, answer: Answer) -> Response:
    """The way to a provider, with the cookie that binds the browser to it."""
    return page.with_cookies(page.html("account/leading-on.html", url=answer["url"]), answer)


def signed_out(page: Page, answer: Answer, notice: str) -> Response:
    """The way to the front, or to where the provider ends its own session, which leads back to signing in."""
    page.user = None
    if not answer.body.get("provider_logout"):
        return page.go("/", answer, notice)
    return page.with_cookies(page.html("account/signed-out.html", url=answer["provider_logout"], notice=notice), answer)


async def _first_step(page: Page, onward: str, problem: Problem | None = None, email: str = "") -> Response:
    providers = await page.api.get("/v1/auth/providers")
    return page.html(
        "account/signin.html",
        200 if problem is None else problem.status,
        next=onward,
        problem=problem,
        email=email,
        providers=providers["providers"],
        samples=SAMPLES if page.services.settings.dev_login else (),
    )


def _second_step(page: Page, onward: str, pending: str, problem: Problem | None = None) -> Response:
    status = 200 if problem is None else problem.status
    return page.html("account/signin-code.html", status, next=onward, problem=problem, pending=pending)
