"""The catalog: courses by words and by what they are like, and a course with its outline, its runs and the ways in."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from babel.units import format_unit
from fastapi import Request, Response
from starlette.routing import Route

from web.client import Answer, Problem
from web.covers import cover
from web.page import Page
from web.routing import Pages
from web.words import Reader

pages = Pages()

FACETS: Final = ("language", "kind", "pacing", "registration")
ON_A_PAGE = 18
DAY = 24 * 3600  # seconds
LONGEST_ID = 64


@pages.get("/courses", visitors=True)
async def catalog_page(page: Page) -> Response:
    """What can be learned here, narrowed by words and facets."""
    asked = {name: page.query.get(name, "") for name in ("q", *FACETS, "cursor")}
    found = await page.api.read("/v1/public/courses", limit=ON_A_PAGE, **asked)
    chosen = {name: value for name, value in asked.items() if value and name != "cursor"}
    return page.html(
        "learn/catalog.html",
        found=found.body,
        asked=asked,
        chosen={name: value for name, value in chosen.items() if name != "q"},
        facets={name: found["facets"][name] for name in FACETS},
        address=lambda **changed: _address({**chosen, **changed}),
        position=found.position,
    )


@pages.get("/courses/{course_id}", visitors=True)
async def course_page(page: Page) -> Response:
    """A course: what is in it, when it runs, what it costs, and where the reader stands in it."""
    return await _course_page(page)


@pages.post("/courses/{course_id}")
async def enter_or_leave(page: Page) -> Response:
    """Take a place, give it up, come back, or accept a seat that is offered."""
    form = await page.form()
    course_id, run_id, what = page.parts["course_id"], form.get("run_id", ""), form.get("do", "")
    paths = {
        "enroll": "/v1/enrollments",
        "withdraw": "/v1/enrollments/withdraw",
        "return": "/v1/enrollments/reactivate",
        "accept": "/v1/enrollments/accept",
    }
    if what == "buy":
        return await _buy(page, form)
    if what not in paths:
        raise Problem(422, {"code": "bad_request", "detail": page.say("This form does not say what is to be done.")})
    reason = {"reason": form["reason"]} if what == "withdraw" and form.get("reason") else {}
    try:
        answer = await page.api.send(paths[what], body={"run_id": run_id, **reason})
    except Problem as problem:
        return await _course_page(page, problem)
    notices = {
        "enroll": page.say("Your place was asked for."),
        "withdraw": page.say("You have left the course. You can come back as long as it runs."),
        "return": page.say("Welcome back."),
        "accept": page.say("The seat is yours."),
    }
    return page.go(f"/courses/{course_id}", answer, notices[what])


async def _buy(page: Page, form: Mapping[str, str]) -> Response:
    """Order a product; its order has the way to pay."""
    body = {"product_id": form.get("product_id", ""), "currency": form.get("currency", "")}
    if form.get("coupon"):
        body["coupon"] = form["coupon"]
    try:
        order = await page.api.send("/v1/orders", body=body)
    except Problem as problem:
        return await _course_page(page, problem, form)
    return page.go(f"/learn/orders/{order['order_id']}", order)


async def _course_page(page: Page, problem: Problem | None = None, typed: Mapping[str, str] = {}) -> Response:
    course, mine = await asyncio.gather(
        page.api.read("/v1/public/courses/{}", page.parts["course_id"]), _own_runs(page)
    )
    now = page.reader.now
    runs = [
        {**run, "mine": mine.get(run["run_id"]), "started": page.reader.local(run["starts_at"]) <= now}
        for run in course["runs"]
    ]
    shown = {run["run_id"] for run in runs}
    past = [each for each in mine.values() if each["run_id"] not in shown]
    places, titles = await asyncio.gather(
        asyncio.gather(*(_place(page, run) for run in runs)), _titles(page, course["prerequisites"])
    )
    return page.html(
        "learn/course.html",
        200 if problem is None else problem.status,
        course=course.body,
        runs=[{**run, "place": place} for run, place in zip(runs, places, strict=True)],
        titles=titles,
        past=past,
        units=sum(len(section["units"]) for section in course["sections"]),
        offer_prices=lambda offer: _prices(offer, page.reader),
        problem=problem,
        typed=typed,
        position=course.position,
    )


async def _own_runs(page: Page) -> dict[str, Mapping[str, Any]]:
    """The runs of the course that the reader has to do with, by id."""
    if page.user is None:
        return {}
    dashboard: Answer = await page.api.read("/v1/me/dashboard")
    course_id = page.parts["course_id"]
    return {each["run_id"]: each for each in dashboard["courses"] if each.get("course_id") == course_id}


async def _place(page: Page, run: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Where the reader stands in the queue of a run; None for one who does not wait."""
    if run["mine"] is None or run["mine"]["status"] not in ("waitlisted", "offered"):
        return None
    body: Mapping[str, Any] = (await page.api.get("/v1/me/runs/{}/place", run["run_id"])).body
    return body


async def _titles(page: Page, prerequisites: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What courses that are needed before are called, by id; one that is not public is left out."""
    wanted = sorted({each for one in prerequisites for each in one["courses"]})

    async def title(course_id: str) -> str:
        try:
            found: str = (await page.api.get("/v1/public/courses/{}", course_id))["title"]
        except Problem:
            return ""
        return found

    found = zip(wanted, await asyncio.gather(*map(title, wanted)), strict=True)
    return {course_id: text for course_id, text in found if text}


def _prices(offer: Mapping[str, Any], reader: Reader) -> list[tuple[str, str]]:
    """What a product costs, by currency."""
    every = ""
    if offer["interval"]:
        every = f" / {format_unit(offer['interval_count'], 'duration-' + offer['interval'], locale=reader.locale)}"
    return [(currency, f"{reader.money(amount, currency)}{every}") for currency, amount in offer["prices"].items()]


def _address(asked: Mapping[str, str]) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/courses?{query}" if query else "/courses"


async def _cover(request: Request) -> Response:
    """The picture of a course; it follows from the id, and is the same for all."""
    course_id = request.path_params["course_id"][:LONGEST_ID]
    headers = {
        "cache-control": f"public, max-age={DAY}",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    return Response(cover(course_id, ""), 200, headers, "image/svg+xml")


pages.routes.append(Route("/covers/{course_id}.svg", _cover, name="cover", include_in_schema=False))
