"""Content of units: uploaded by the staff of a course, taken by learners who have a place on a run of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import Path, Request, Response
from fastapi.responses import StreamingResponse

from adapters.command_bus.replay import replayed
from adapters.contents import Contents
from adapters.markdown import html_of
from api.http.byte_ranges import Unsatisfiable, wanted
from api.http.errors import BadRequest, problem
from api.http.openapi import file_upload, part_of_file, query
from api.http.query import JSON, QueryContext, QueryDep, matches
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import ID, CourseId, RunId
from domain.catalog import (
    Caption,
    Content,
    ContentNotFound,
    Course,
    CourseDraft,
    CourseNotFound,
    Run,
    RunNotFound,
    Unit,
    course_stream,
    draft_stream,
    run_stream,
)
from domain.catalog.unit import hashes_of
from domain.enrollment import Enrollment, enrollment_stream
from domain.progress import CourseProgress, UnknownUnit, progress_stream

router = strict_router("catalog", "/v1")

LARGEST_TEXT = 1_048_576  # bytes of Markdown that is shown as a page
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/vtt", "text/plain")
"""Media types that a browser shows without running anything; so are video and audio. All else is saved as a file."""
OCTETS, VTT = "application/octet-stream", "text/vtt"
MARKDOWN = ("text/markdown", "text/plain")
SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'self'"
KEPT = "private, max-age=604800, immutable"

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes.", examples=["0" * 64])]
UnitId = Annotated[str, Path(pattern=ID, max_length=64, description="The unit.", examples=["q1"])]
Language = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{2,35}$", description="Of the captions.", examples=["en-GB"])]


class UploadedContent(msgspec.Struct, kw_only=True):
    """What was uploaded: units name it by `sha256` and `size`."""

    sha256: str
    size: int


class UnitPage(msgspec.Struct, kw_only=True):
    """
    A unit as a learner sees it.

    Attributes:
        html: text that is written in Markdown, as HTML without anything that acts; null for all other content.
    """

    unit_id: str
    kind: str
    title: str
    html: str | None
    content: Content | None
    captions: list[Caption]
    seconds: int | None
    url: str


EXAMPLE = UnitPage(
    unit_id="intro",
    kind="text",
    title="Begin here",
    html="<p>What is an <em>equation</em>?</p>\n",
    content=Content("0" * 64, "text/markdown", 29),
    captions=[],
    seconds=90,
    url="",
)
UPLOADED = UploadedContent(sha256="0" * 64, size=29)


@router.post(
    "/courses/{course_id}/contents",
    status_code=201,
    responses=file_upload(UPLOADED, 403, 404),
    openapi_extra={"requestBody": {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def upload_content(course_id: CourseId, request: Request, services: ServicesDep) -> Response:
    """Upload content for units of a course, as the bytes that it has; the same again is kept once."""
    if not (await replayed(services.log, Course, course_stream(course_id))).exists:
        raise CourseNotFound(course_id=course_id)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise BadRequest("content is kept as it comes: send it without a content coding")
    kept = await services.contents.keep(_parts(request), of_course=True)
    return Response(msgspec.json.encode({"sha256": kept.sha256, "size": kept.size}), 201, media_type=JSON)


async def _parts(request: Request) -> AsyncIterator[bytes]:
    async for part in request.stream():
        yield part


@router.get("/courses/{course_id}/contents/{sha256}", responses=part_of_file("Content of a course.", 403, 404))
async def get_content(course_id: CourseId, sha256: Sha256, request: Request, services: ServicesDep) -> Response:
    """Content that a version of a course or its draft has, as a file."""
    course = await replayed(services.log, Course, course_stream(course_id))
    if not course.exists:
        raise CourseNotFound(course_id=course_id)
    draft = await replayed(services.log, CourseDraft, draft_stream(course_id))
    units = [*draft.units.values(), *(unit for version in course.versions.values() for unit in version)]
    if not any(sha256 in hashes_of(unit) for unit in units):
        raise ContentNotFound
    return await _file(request, services.contents, sha256, OCTETS, sha256)


@router.get("/runs/{run_id}/units/{unit_id}/page", responses=query(EXAMPLE, 403, 404, 409))
async def get_unit_page(run_id: RunId, unit_id: UnitId, ask: QueryDep) -> Response:
    """A unit for those who have a place on its run: text as HTML, and where its content is."""
    position = await ask.services.log.head()
    ask.must_reach(position)
    unit, html = await _unit(ask, run_id, unit_id), None
    if unit.content is not None and unit.content.media_type in MARKDOWN and unit.content.size <= LARGEST_TEXT:
        parts = ask.services.contents.read(unit.content.sha256, 0, unit.content.size)
        text = b"".join([part async for part in parts]).decode(errors="replace")
        html = await asyncio.to_thread(html_of, text)
    page = UnitPage(
        unit_id=unit_id,
        kind=unit.kind,
        title=unit.title,
        html=html,
        content=unit.content,
        captions=unit.captions,
        seconds=unit.seconds,
        url=unit.url,
    )
    return ask.reply(msgspec.json.encode(page), position)


@router.get("/runs/{run_id}/units/{unit_id}/content", responses=part_of_file("Content of a unit.", 403, 404, 409))
async def get_unit_content(run_id: RunId, unit_id: UnitId, request: Request, ask: QueryDep) -> Response:
    """The content of a unit, or a part of it, for those who have a place on its run."""
    content = (await _unit(ask, run_id, unit_id)).content
    if content is None:
        raise ContentNotFound
    name = content.name or unit_id
    return await _file(request, ask.services.contents, content.sha256, content.media_type, name)


@router.get("/runs/{run_id}/units/{unit_id}/captions/{language}", responses=part_of_file("Captions.", 403, 404, 409))
async def get_captions(run_id: RunId, unit_id: UnitId, language: Language, request: Request, ask: QueryDep) -> Response:
    """Captions of a video in a language, as WebVTT."""
    for caption in (await _unit(ask, run_id, unit_id)).captions:
        if caption.language == language:
            return await _file(request, ask.services.contents, caption.sha256, VTT, f"{language}.vtt")
    raise ContentNotFound


async def _unit(ask: QueryContext, run_id: str, unit_id: str) -> Unit:
    """A unit of a run, for learners who have a place there and to whom it is open, and for the staff of the run."""
    log = ask.services.log
    run = await replayed(log, Run, run_stream(run_id))
    if not run.exists:
        raise RunNotFound(run_id=run_id)
    course = await replayed(log, Course, course_stream(run.course_id))
    progress = await replayed(log, CourseProgress, progress_stream(ask.user.subject, run_id))
    for unit in course.versions[progress.follows(run.versions)]:
        if unit.unit_id == unit_id:
            break
    else:
        raise UnknownUnit(run_id=run_id, unit_id=unit_id)
    enrollment = await replayed(log, Enrollment, enrollment_stream(ask.user.subject, run_id))
    if not enrollment.has_place:
        await ask.check.permit(run_id=run_id, action="getGradebook")
    elif unit.after:
        progress = await replayed(log, CourseProgress, progress_stream(ask.user.subject, run_id))
        progress.must_be_open(unit_id, unit.after)
    return unit


async def _file(request: Request, contents: Contents, sha256: str, media_type: str, name: str) -> Response:
    """A file, or the part of it that the request asks for (RFC 9110, 14)."""
    size, etag = (await contents.sizes({sha256})).get(sha256), f'"{sha256}"'
    if size is None:
        raise ContentNotFound
    shown = media_type in SHOWN or media_type.partition("/")[0] in ("video", "audio")
    headers = {
        "etag": etag,
        "accept-ranges": "bytes",
        "cache-control": KEPT,
        "content-security-policy": SANDBOX,
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
    }
    if (match := request.headers.get("if-match")) is not None and not matches(match, etag):
        return problem(request, 412, "precondition_failed", "the content has another hash than If-Match says")
    if (none_match := request.headers.get("if-none-match")) is not None and matches(none_match, etag):
        return Response(None, 304, headers)
    whole = request.scope.get("headless") or request.headers.get("if-range", etag) != etag
    try:
        part = None if whole else wanted(request.headers.get("range"), size)
    except Unsatisfiable:
        return problem(
            request, 416, "range_not_satisfiable", f"the file has {size} bytes", {"content-range": f"bytes */{size}"}
        )
    start, stop = part or (0, size)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["content-length"] = str(stop - start)
    body = contents.read(sha256, start, stop)
    return StreamingResponse(body, 206 if part else 200, headers, media_type if shown else OCTETS)
