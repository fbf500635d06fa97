"""
What a learner sees on arrival: what to do first, what is due, the courses, and what was done.

All of it is the learner's document of the read model learner_dashboard, beside the days of study, what the staff tell,
and the units of the course that comes first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from fastapi import Response

from web.client import Problem
from web.learn.units import next_unit, unit_of
from web.page import Page
from web.routing import Pages
from web.titles import titles_of
from web.words import Reader

pages = Pages()

Course = Mapping[str, Any]
GOES_ON = ("active", "offered", "waitlisted", "requested", "suspended")
SHOWN_DUE = 8
FAR = "9999"  # sorts behind all times


@pages.get("/learn")
async def learner_home(page: Page) -> Response:
    """The next thing to do, and all that it stands among."""
    dashboard, study, notices, invitations, unread = await asyncio.gather(
        page.api.read("/v1/me/dashboard"),
        page.api.read("/v1/me/study"),
        page.api.read("/v1/me/announcements"),
        page.api.read("/v1/me/invitations"),
        _unread(page),
    )
    courses = dashboard["courses"]
    invited = [each for each in invitations["items"] if each["status"] == "invited"]
    due = _due(courses)
    days = _by_day(due[:SHOWN_DUE], page.reader)
    return page.html(
        "learn/home.html",
        first=await _first(page, courses, due),
        current=[each for each in courses if each["status"] in GOES_ON],
        past=[each for each in courses if each["status"] not in GOES_ON],
        offered=[each for each in courses if each["status"] == "offered"],
        invitations=invited,
        titles=await titles_of(page, (each["run_id"] for each in invited)),
        notices=notices["items"],
        unread=unread,
        days=days,
        more_due=max(len(due) - SHOWN_DUE, 0),
        study=study.body,
        week=_week(study.body, page.reader),
        recent=dashboard["recent"],
        left_out=dashboard.body.get("left_out"),
        position=dashboard["position"],
    )


@pages.post("/learn/invitations/{run_id}")
async def answer_invitation(page: Page) -> Response:
    """Accept an invitation to a run, or decline it."""
    accepts = (await page.form()).get("answer") == "accept"
    path = "/v1/enrollments/accept-invitation" if accepts else "/v1/enrollments/decline-invitation"
    answer = await page.api.send(path, body={"run_id": page.parts["run_id"]})
    return page.go("/learn", answer, page.say("You have accepted.") if accepts else page.say("You have declined."))


async def _unread(page: Page) -> dict[str, int]:
    """How many posts of the forum are unread, by run; none where that cannot be said now."""
    try:
        found = await page.api.get("/v1/me/forum/unread")
    except Problem:
        return {}
    return {each["run_id"]: each["posts"] for each in found["runs"]}


async def _first(page: Page, courses: Sequence[Course], due: Sequence[Course]) -> dict[str, Any] | None:
    """The course in which to go on, by the nearest deadline, and the unit there."""
    active = [each for each in courses if each["status"] == "active"]
    if not active:
        return None
    nearest: dict[str, Course] = {}
    for each in due:
        nearest.setdefault(each["run_id"], each)
    course = min(active, key=lambda each: nearest.get(each["run_id"], {}).get("due_at", FAR))
    try:
        player = await page.api.read("/v1/me/runs/{}/player", course["run_id"])
    except Problem:
        return {"course": course, "unit": None, "due": None, "overdue": False, "begun": False}
    found, soon = next_unit(player.body), nearest.get(course["run_id"])
    return {
        "course": course,
        "unit": None if found is None else unit_of(player.body, found),
        "due": soon,
        "overdue": soon is not None and page.reader.local(soon["due_at"]) < page.reader.now,
        "begun": player["resume"] is not None,
    }


def _due(courses: Sequence[Course]) -> list[dict[str, Any]]:
    """What is to be handed in, the earliest first, over all courses in which the learner has a place."""
    found = [
        {
            **each,
            "run_id": course["run_id"],
            "course": course["title"],
            "extended": each["unit_id"] in course.get("extensions", {}),
        }
        for course in courses
        if course["status"] == "active"
        for each in course["deadlines"]
        if not each["done"]
    ]
    return sorted(found, key=lambda each: (each["due_at"], each["unit_id"]))


def _by_day(due: Sequence[Mapping[str, Any]], reader: Reader) -> list[dict[str, Any]]:
    """Deadlines by the days of the reader; what is overdue stands together, before all others."""
    days: dict[str, dict[str, Any]] = {}
    for each in due:
        local = reader.local(each["due_at"])
        overdue = local < reader.now
        name = "" if overdue else reader.weekday(local)
        days.setdefault(name, {"name": name, "overdue": overdue, "entries": []})["entries"].append(each)
    return list(days.values())


def _week(study: Mapping[str, Any], reader: Reader) -> list[dict[str, Any]]:
    """The last seven days with the time that was studied, today last."""
    seconds = {each["day"]: each["seconds"] for each in study["recent"]}
    today = reader.local(reader.now).date()
    days: list[date] = [today - timedelta(days=ago) for ago in range(6, -1, -1)]
    return [
        {
            "short": format_date(day, "EEEEE", locale=reader.locale),
            "name": format_date(day, "EEEE", locale=reader.locale),
            "seconds": seconds.get(day.isoformat(), 0),
        }
        for day in days
    ]
