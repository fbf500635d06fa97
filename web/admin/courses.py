"""Courses and their runs, for those who run the campus: what there is, how it stands, and the ways to each."""

import asyncio
from urllib.parse import urlencode

from fastapi import Response

from web.admin.shared import for_admins
from web.page import Page
from web.routing import Pages

pages = Pages()
STATES = ("scheduled", "open", "closed")


@pages.get("/admin/courses")
async def courses_page(page: Page) -> Response:
    """Courses and runs by a part of the title or id; the runs of one course, or in one state."""
    await for_admins(page)
    q, course_id = page.query.get("q", ""), page.query.get("course_id", "")
    status = page.query.get("status", "") if page.query.get("status") in STATES else ""
    courses, runs = await asyncio.gather(
        page.api.read("/v1/courses", q=q, sort="title", total="true", limit=20, cursor=page.query.get("courses")),
        page.api.read(
            "/v1/runs",
            q="" if course_id else q,
            course_id=course_id,
            status=status,
            cursor=page.query.get("runs"),
            sort="starts_at",
            order="desc",
            total="true",
            limit=20,
        ),
    )
    wanted = {"q": q, "course_id": course_id, "status": status}
    return page.html(
        "admin/courses.html",
        courses=courses.body,
        runs=runs.body,
        wanted=wanted,
        states=STATES,
        query=urlencode({name: value for name, value in wanted.items() if value}),
        position=min(courses.position, runs.position),
    )
