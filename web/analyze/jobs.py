"""Rebuilds, promotions and rollbacks: all of them, and how far one is."""

import asyncio
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()


@pages.get("/analyze/jobs")
async def jobs_page(page: Page) -> Response:
    """What was asked for, the latest first."""
    jobs = await page.api.get("/v1/projections/jobs", cursor=page.query.get("cursor"))
    return page.html("analyze/jobs.html", jobs=jobs["items"], next=jobs["next"])


@pages.get("/analyze/jobs/{job_id}")
async def job_page(page: Page) -> Response:
    """How far a job is; it is drawn again every other second until the job has ended."""
    return await _job(page)


@pages.post("/analyze/jobs/{job_id}/stop")
async def stop(page: Page) -> Response:
    """Stop a job; what it has built stays."""
    job_id, reason = page.parts["job_id"], (await page.form()).get("reason", "")
    try:
        answer = await page.api.send("/v1/projections/jobs/{}/stop", job_id, body={"reason": reason})
    except Problem as problem:
        return await _job(page, problem)
    return page.go(f"/analyze/jobs/{job_id}", answer, page.say("The job stops."))


async def _job(page: Page, problem: Problem | None = None) -> Response:
    job = await page.api.get("/v1/projections/jobs/{}", page.parts["job_id"])
    models, segments = await asyncio.gather(
        page.api.get("/v1/projections"), page.api.get("/v1/projections/{}/segments", job["projection"])
    )
    built = [
        each
        for each in models["items"]
        if each["name"] == job["projection"] and each["status"] in {"building", "ready", "live"}
    ]
    status = 200 if problem is None else problem.status
    return page.html(
        "analyze/job.html",
        status,
        job=job.body,
        generations=built,
        segments=segments_of(job.body, segments["items"]),
        head=segments["head"],
        problem=problem,
    )


def segments_of(job: dict[str, Any], segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    The segments of the generation that a job builds, or has built or served, each with `done` and `total` facts.

    One process folds the segments of a rebuild in one pass, so they are as far as that; once its rows are written, a
    segment has a position of its own.
    """
    wanted = job["generation"]
    if wanted is None:
        wanted = next((each["generation"] for each in segments if each["status"] == "building"), None)
    found = [each for each in segments if each["generation"] == wanted]
    folding = job["ended_at"] is None and job["total"] is not None and job["step"] is not None
    for each in found:
        end = each["position"] + each["lag_events"]
        each["written"] = each["position"] > 0
        each["done"], each["total"] = each["position"], end
        if not each["written"] and folding and "(facts)" in job["step"]:
            each["done"], each["total"] = job["done"] or 0, job["total"]
    return found
