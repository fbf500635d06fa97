"""The courses that the reader writes: all of the campus, or those that a role names; and a new one."""

import asyncio
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.forms import Form, id_of
from web.teach.keepers import reads_banks
from web.teach.shared import scopes_of

pages = Pages()
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ar", "zh", "ja")


@pages.get("/teach/courses")
async def courses_page(page: Page) -> Response:
    """The courses."""
    return await _courses(page, Form(page, {}))


@pages.post("/teach/courses")
async def create(page: Page) -> Response:
    """Make a course, and begin its draft."""
    form = Form(page, await page.form())
    course_id = form["course_id"] or id_of(form["title"], otherwise="course")
    body = {"course_id": course_id, **{name: form[name] for name in ("title", "summary")}}
    try:
        await page.api.send("/v1/courses", body={**body, "language": form["language"] or "en"})
        answer = await page.api.send("/v1/courses/{}/draft", course_id, body={"version": 0, "revision": 0})
    except Problem as problem:
        form.refused(problem, {"exists with another title": "course_id"})
        return await _courses(page, form)
    return page.go(f"/teach/courses/{course_id}", answer, page.say("The course is made. Now write it."))


async def _courses(page: Page, form: Form) -> Response:
    scopes = await scopes_of(page, ("instructor", "admin"))
    if page.user is not None and "admin" in page.user.roles:
        scopes.add("campus")
    courses, following = await _of(page, scopes)
    return page.html(
        "teach/courses.html",
        form.status,
        courses=courses,
        next=following,
        is_of_campus="campus" in scopes,
        reads_banks=reads_banks(page),
        languages_of_courses=LANGUAGES,
        form=form,
    )


async def _of(page: Page, scopes: set[str]) -> tuple[list[dict[str, Any]], str | None]:
    """The courses of the scopes, by title; those that are no more are left out."""
    if "campus" in scopes:
        found = await page.api.read("/v1/courses", sort="title", q=page.query.get("q"), cursor=page.query.get("cursor"))
        return found["items"], found["next"]
    names = sorted(scope.removeprefix("course:") for scope in scopes if scope.startswith("course:"))
    listed = await asyncio.gather(*(_course(page, name) for name in names))
    return sorted((each for each in listed if each is not None), key=lambda each: str(each["title"])), None


async def _course(page: Page, course_id: str) -> dict[str, Any] | None:
    try:
        found = (await page.api.read("/v1/courses/{}", course_id)).body
    except Problem as problem:
        if problem.status == 404:
            return None
        raise
    return {**found, "versions": len(found["versions"])}
