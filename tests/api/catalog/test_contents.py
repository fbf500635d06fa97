"""Content of units over HTTP: uploaded once, named by its hash, taken in parts by who has a place."""

import hashlib
import os
from typing import Any

import httpx

from adapters.contents import CHUNK
from tests.support.api import UNITS, Campus

TEXT = b"# Groups\n\nA *set*. <script>alert(1)</script>"
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"


async def upload(campus: Campus, body: Any, user: str = "admin") -> httpx.Response:
    """Send bytes as they are."""
    headers = await campus.as_user(user, **{"content-type": "application/octet-stream"})
    return await campus.client.post(f"/v1/courses/{campus.course}/contents", content=body, headers=headers)


async def take(campus: Campus, unit: str, what: str = "content", user: str = "", **headers: str) -> httpx.Response:
    """Content of a unit, as the campus's learner."""
    path = f"/v1/runs/{campus.run}/units/{unit}/{what}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await campus.client.get(path, headers=await campus.as_user(user or campus.learner, **named))


async def with_content(campus: Campus, film: bytes) -> list[dict[str, Any]]:
    """Units with a text, a film with captions, and a page of HTML; published and on a run."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Algebra"}, user="admin")
    named = {}
    for body in (TEXT, film, CAPTIONS):
        answer = await upload(campus, body)
        assert answer.status_code == 201
        assert answer.json() == {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
        named[body] = answer.json()
    page = {**named[TEXT], "media_type": "text/html", "name": "Über.html"}
    captions = [{"language": "en", "label": "English", "sha256": named[CAPTIONS]["sha256"]}]
    units: list[dict[str, Any]] = [
        {"unit_id": "t1", "kind": "text", "title": "Groups", "content": {**named[TEXT], "media_type": "text/markdown"}},
        {"unit_id": "f1", "kind": "file", "title": "A page", "content": page, "after": ["t1"]},
        {"unit_id": "v1", "kind": "video", "title": "Rings", "captions": captions},
    ]
    units[2]["content"] = {**named[film], "media_type": "video/mp4"}
    await campus.send(f"/courses/{campus.course}/versions", {"units": [*units, UNITS[1]]}, user="admin")
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": campus.run, "course_id": campus.course, **plan}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    return units


async def test_content_is_taken_in_parts_by_who_has_a_place(campus: Campus) -> None:
    """Over the borders of chunks; what a browser could run is saved as a file; others see nothing."""
    film = os.urandom(2 * CHUNK + 1_000)
    units = await with_content(campus, film)
    assert (await take(campus, "v1")).status_code == 403
    await campus.enroll()
    whole = await take(campus, "v1")
    assert (whole.status_code, whole.content) == (200, film)
    assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("video/mp4", "bytes")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"].startswith("inline")
    part = await take(campus, "v1", range=f"bytes={CHUNK - 2}-{2 * CHUNK + 1}")
    assert (part.status_code, part.content) == (206, film[CHUNK - 2 : 2 * CHUNK + 2])
    assert part.headers["content-range"] == f"bytes {CHUNK - 2}-{2 * CHUNK + 1}/{len(film)}"
    beyond = await take(campus, "v1", range=f"bytes={len(film)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(film)}")
    assert (await take(campus, "v1", range="bytes=0-1", if_range='"other"')).status_code == 200
    assert (await take(campus, "v1", if_none_match=whole.headers["etag"])).status_code == 304
    assert (await take(campus, "v1", if_match='"other"')).status_code == 412
    head = await campus.client.head(
        f"/v1/runs/{campus.run}/units/v1/content", headers=await campus.as_user(campus.learner, range="bytes=0-1")
    )
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(film)))
    captions = await take(campus, "v1", "captions/en")
    assert (captions.content, captions.headers["content-type"]) == (CAPTIONS, "text/vtt; charset=utf-8")
    assert (await take(campus, "v1", "captions/fr")).json()["code"] == "content_not_found"
    closed = await take(campus, "f1")
    assert (closed.status_code, closed.json()["code"]) == (409, "unit_locked")
    await campus.send("/progress/units/complete", {"run_id": campus.run, "unit_id": "t1"})
    file = await take(campus, "f1")
    assert (file.content, file.headers["content-type"]) == (TEXT, "application/octet-stream")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%9Cber.html"
    page = (await take(campus, "t1", "page")).json()
    assert page["html"] == "<h1>Groups</h1>\n<p>A <em>set</em>. &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
    assert page["content"] == units[0]["content"]


async def test_units_name_content_that_is_there(campus: Campus) -> None:
    """With the size that it has; learners upload none, and staff take what the course has."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Algebra"}, user="admin")
    path = f"/courses/{campus.course}"

    async def refused(**content: Any) -> str:
        unit = {"unit_id": "f1", "kind": "file", "title": "File", "content": {"media_type": "text/plain", **content}}
        answer = await campus.post(f"{path}/versions", {"units": [unit]}, user="admin")
        assert answer.status_code == 422
        return str(answer.json()["code"])

    assert await refused(sha256="0" * 64, size=1) == "content_not_uploaded"
    assert (await upload(campus, TEXT, campus.learner)).status_code == 403
    kept = (await upload(campus, TEXT)).json()
    assert (await upload(campus, TEXT)).json() == kept
    assert await refused(sha256=kept["sha256"], size=1) == "content_of_other_size"
    assert (await campus.get(f"{path}/contents/{kept['sha256']}")).status_code == 404
    await campus.send(f"{path}/draft", {}, user="admin")
    unit = {"unit_id": "f1", "kind": "file", "title": "File", "content": {**kept, "media_type": "text/plain"}}
    await campus.send(f"{path}/draft/edits", {"revision": 1, "edits": [{"op": "add_unit", "unit": unit}]}, user="admin")
    assert (await campus.get(f"{path}/contents/{kept['sha256']}")).content == TEXT
