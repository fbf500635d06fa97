"""Signing in and out: by password, and by the code of a second factor."""

from fastapi import Response

from web.client import Problem
from web.page import Page, own_address
from web.routing import Pages

pages = Pages()


@pages.get("/signin", visitors=True)
async def sign_in_page(page: Page) -> Response:
    """Address and password."""
    onward = own_address(page.query.get("next", "/"))
    return page.go(onward) if page.user is not None else page.html("signin.html", next=onward, problem=None, email="")


@pages.post("/signin", visitors=True)
async def sign_in(page: Page) -> Response:
    """The first step; the second one follows where the account has a second factor."""
    form = await page.form()
    onward, email = own_address(form.get("next", "/")), form.get("email", "")
    try:
        answer = await page.api.send("/v1/auth/login", body={"email": email, "password": form.get("password", "")})
    except Problem as problem:
        return page.html("signin.html", problem.status, next=onward, problem=problem, email=email)
    if answer["status"] == "second_factor_needed":
        return page.html("signin-code.html", next=onward, problem=None, pending=answer["pending"])
    return page.go(onward, answer)


@pages.post("/signin/code", visitors=True)
async def enter_code(page: Page) -> Response:
    """The code of the app, or one for recovery."""
    form = await page.form()
    onward, pending = own_address(form.get("next", "/")), form.get("pending", "")
    try:
        answer = await page.api.send("/v1/auth/login/code", body={"pending": pending, "code": form.get("code", "")})
    except Problem as problem:
        return page.html("signin-code.html", problem.status, next=onward, problem=problem, pending=pending)
    return page.go(onward, answer)


@pages.post("/signout", visitors=True)
async def sign_out(page: Page) -> Response:
    """End this session."""
    return page.go("/", await page.api.send("/v1/auth/logout", body={}))
