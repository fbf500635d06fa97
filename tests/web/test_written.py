"""Nothing that a person has written becomes markup: each field of each request, on the page that shows it."""

import base64
import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest

from adapters.personal.opening import with_words
from adapters.procrastinate.queue import queue_of
from adapters.settings import Settings
from api.http.csv_text import FORMULA
from tests.support.api import Campus
from tests.support.appends import query
from tests.support.authenticator import Authenticator
from tests.support.free_text import free_fields
from tests.support.marked_campus import is_folded
from tests.support.markup import Markup
from tests.support.pages import Reader, text_of
from tests.support.people import ORIGIN, Town
from tests.support.polling import until
from tests.support.written import ESCAPED, IN_FACTS, RAW, Write, Writer
from tests.support.written_fields import (
    APP,
    CAMPUS,
    CHECKED,
    COURSES,
    FACT,
    FAILED,
    FORUM,
    GRADES,
    PEOPLE,
    PLACES,
    QUIZZES,
    SEEN,
    SHOP,
)
from web.page import HEADERS

PEOPLE_OF_SAMPLES = ("admin", "instructor", "auditor", "analyst")
BAD = "\"'><i canary7 onclick=canary()>"
QUOTED = '"' + BAD.replace('"', '""') + '"'
CONTENT = {
    "text": ("text/markdown", f"# {BAD}\n\n<script>canary()</script> [a](javascript:canary())".encode()),
    "film": ("video/mp4", b"film"),
    "file": ("text/html", b"<script>canary()</script>"),
    "drawing": (
        "image/svg+xml",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="canary()"><script>canary()</script></svg>',
    ),
}
ATTEMPT = "/v1/quizzes/marked-quiz/attempts/1"
SHOWN_AS = frozenset(("video/mp4", "text/vtt"))
"""Kinds of the files below that a browser shows, and in which nothing can run."""
EVERY_WRITE = (*APP, *COURSES, *QUIZZES, *GRADES, *PLACES, *CAMPUS, *FORUM, *SHOP, *PEOPLE, *FAILED)
SAID = "<i canary{}> fails"
"""What an exception says, which may have words of people in it."""
EVENT = "0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f"
REACTION = """
INSERT INTO failed_reactions (position, reaction, event_id, type, stream_id, key, code, sentence, code_version)
VALUES (7, 'grade_by_key', %s, 'attempt.submitted', 'attempt-ann:q:1', 'ann', 'failed', %s, 'x')
"""
JOB = """
INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, attempts)
VALUES (%s, 'give_back', 'failed', %s::jsonb, 8) RETURNING id
"""
DERIVED = """
INSERT INTO derived_jobs (key, name, position, stream_id, due_at, job_id, cause)
VALUES (%s, 'give_back', 7, 'refund-ann:o1.r1', now(), %s, %s)
"""
PARKED = """
INSERT INTO parked (projection, generation, segment, key, first_position, failed_position, type, version, error, trace)
SELECT name, generation, 0, 'ann', 5, 7, 'attempt.graded', version, %s, %s
  FROM projections WHERE name = 'gradebook' AND status = 'live'
"""
GIFT = f"::{BAD}:: Is {BAD} prime? {{TRUE}}\n\n::Broken{BAD}:: What? {{\n".encode()


def test_each_field_is_in_the_table() -> None:
    """A field of a request that a person can write markup into is written below, or it is said why not; once."""
    writes = {each.operation for each in EVERY_WRITE}
    written = {place for place, operation in free_fields().items() if operation in writes} | SEEN.keys()
    assert free_fields().keys() - written - CHECKED.keys() == set()
    assert (SEEN.keys() | CHECKED.keys()) - free_fields().keys() == set(), "no such field"
    assert SEEN.keys() & CHECKED.keys() == set()


async def readers(town: Town, ada: Reader) -> dict[str, Reader]:
    """Those who write and look, by name."""
    people = {"ada": ada, "visitor": Reader(town), "eve": Reader(town), "acting": Reader(town)}
    for name in ("bob", "dan"):
        people[name] = Reader(town, await town.settle(f"{name}@example.org"))
    await people["acting"].send("/signin/sample", {"person": "admin"})
    for role in PEOPLE_OF_SAMPLES:
        people[role] = Reader(town)
        await people[role].send("/signin/sample", {"person": role})
    return people


@pytest.fixture
async def writer(town: Town, ada: Reader, campus: Campus) -> Writer:
    """Who has what is needed for the writes: people, a run, and files."""
    people = await readers(town, ada)
    now = town.log.clock.now()
    known: dict[str, Any] = {
        "run": campus.run, "course": campus.course, "ada": ada.browser.learner_id,
        **{name: people[name].browser.learner_id for name in ("bob", "dan")},
        "soon": (now + timedelta(hours=1)).isoformat(), "gift": base64.b64encode(GIFT).decode(),
    }  # fmt: skip
    return Writer(town.client, people, known)


async def uploads(writer: Writer) -> None:
    """Content of units, by what it is called in the table."""
    captions = b"WEBVTT\n\n00:00.000 --> 00:01.000\n<script>canary()</script>\n"
    for name, (media_type, content) in {**CONTENT, "captions": ("text/vtt", captions)}.items():
        kept = (await writer.send("admin", "POST", "/v1/courses/rings/contents", content)).json()
        writer.known[name] = {**kept, "media_type": media_type, "name": f"{name}.bin"}
    writer.known["plain"] = {name: value for name, value in writer.known["file"].items() if name != "name"}
    sha256 = writer.known["captions"]["sha256"]
    writer.known["captions"] = [{"language": "en", "label": "English", "sha256": sha256}]
    score = f"learner_id,quiz_id,score_bp\n{writer.known['ada']},marked-quiz,7500\n{QUOTED},{QUOTED},7500\n"
    writer.known["grades"] = base64.b64encode(score.encode()).decode()
    writer.known["roster"] = base64.b64encode(
        f"email,name\nfay@example.org,{QUOTED}\n{QUOTED},{QUOTED}\n".encode()
    ).decode()
    writer.known["lines"] = f"learner_id,run_id\n{writer.known['ada']},{writer.known['run']}\n"


async def proofs(writer: Writer, town: Town) -> None:
    """Apps of bob and dan, a passkey, and the link by which eve completes her registration."""
    await all_written(writer, APP)
    for name in ("bob", "dan"):
        code = pyotp.TOTP(str(writer.known[f"secret_{name}"])).at(town.log.clock.now())
        body = {"factor_id": writer.known[f"factor_{name}"], "code": code}
        assert (await writer.send(name, "POST", "/v1/auth/factors/app/confirm", body)).status_code == 200
    begun = (await writer.send("bob", "POST", "/v1/auth/passkeys/begin", {})).json()
    machine = Authenticator(ORIGIN, urlsplit(ORIGIN).hostname or "")
    writer.known |= {"challenge": begun["state"], "credential_of_bob": machine.create(begun["options"])}
    await writer.send("eve", "POST", "/v1/auth/register", {"email": "eve@example.org"})
    writer.known["token"] = await town.link_to("eve@example.org")


async def all_written(writer: Writer, *lists: tuple[Write, ...]) -> None:
    """Carry out writes, one after the other."""
    for each in (one for writes in lists for one in writes):
        if each.operation == "publishVersion":
            await uploads(writer)
        if each.operation == "saveAnswer":
            kept = await writer.send("ada", "POST", f"{ATTEMPT}/files", CONTENT["file"][1])
            writer.known["handed_in"] = {**kept.json(), "name": "work.html", "media_type": "text/html"}
        await writer.write(each)


async def failures(writer: Writer, settings: Settings) -> None:
    """A reaction, a job and a key that have failed: what was said of them is text, and so is why they are settled."""
    key = f"{EVENT}:give_back"
    await query(settings, REACTION, EVENT, SAID.format(1))
    ((job_id,),) = await query(settings, JOB, queue_of(settings), f'{{"key":"{key}","position":7}}')
    await query(settings, DERIVED, key, job_id, SAID.format(2))
    await query(settings, PARKED, SAID.format(3), SAID.format(4))
    assert {1, 2} <= await marks_on(writer, "admin", "/admin/jobs")
    assert 3 in await marks_on(writer, "admin", "/analyze/parked")
    writer.known["failed_job"] = job_id
    await all_written(writer, FAILED)
    for address in ("/admin/jobs", "/analyze/parked"):
        await marks_on(writer, "admin", address)


async def handle_of(writer: Writer) -> str:
    """What those who grade know the attempt by, once the queue has it."""
    found: list[Any] = []

    async def waits() -> bool:
        answer = await writer.send("admin", "GET", "/v1/quizzes/marked-quiz/grading", None)
        found[:] = answer.json().get("items", []) if answer.status_code == 200 else []
        return bool(found)

    await until(waits)
    return str(found[0]["handle"])


async def positions_of_marks(town: Town) -> dict[int, int]:
    """The first fact that says a mark, by the number of the mark."""
    facts = await town.log.read(0, await town.log.head())
    opened = await with_words(town.log.keys, facts, personal=True)
    said = ((fact.position, IN_FACTS.findall(str(fact.data))) for fact in reversed(opened))
    return {int(each): position for position, found in said for each in found}


async def missing(writer: Writer, place: str, positions: Mapping[int, int]) -> set[int]:
    """
    The marks of a field that no page shows as text, where they are looked for: one at least where the table says.
    """
    left = set(writer.marks[place])
    role, _, address = SEEN.get(place, "").partition(" ")
    if address:
        left -= await marks_on(writer, role, address.format(**writer.known))
        assert left < writer.marks[place], f"{place} is not on {address}"
    for position in {positions[number] for number in left & positions.keys()}:
        left -= await marks_on(writer, "auditor", FACT.format(position=position))
    return left


async def marks_on(writer: Writer, role: str, address: str) -> set[int]:
    """The marks that a page shows; none has become markup, and the page is valid."""
    page = await writer.people[role].get(address)
    assert page.status_code == 200, f"{address} as {role}: {text_of(page)}"
    assert not RAW.search(page.text), f"{address} as {role}"
    assert not (faults := Markup(page.text).faults), f"{address} as {role}: {faults}"
    return {int(each) for each in ESCAPED.findall(page.text)}


async def test_no_field_becomes_markup(writer: Writer, town: Town, settings: Settings) -> None:
    """Each mark is on the page that the table names, or on that of its fact, as text; so are mails."""
    await all_written(writer, COURSES, QUIZZES)
    writer.known["handle"] = await handle_of(writer)
    await all_written(writer, GRADES, PLACES, CAMPUS, FORUM, SHOP)
    invited = await writer.people["admin"].browser.get(f"/runs/{writer.known['run']}/invitations")
    writer.known["cleo"] = invited.json()["items"][0]["learner_id"]
    await proofs(writer, town)
    await all_written(writer, PEOPLE)
    await is_folded(settings)
    await failures(writer, settings)
    positions = await positions_of_marks(town)
    assert free_fields().keys() - CHECKED.keys() - writer.marks.keys() == set()
    unseen = {
        place: found
        for place in writer.marks.keys() - CHECKED.keys()
        if (found := await missing(writer, place, positions))
    }
    assert unseen == {}
    assert not any(RAW.search(mail.html) or "<script" in mail.html for mail in town.inbox.mails)
    assert not any("\n" in mail.subject or not mail.html or not mail.text for mail in town.inbox.mails)
    assert any("dora@example.org" in mail.to for mail in town.inbox.mails)
    for unit in ("plain", "silent"):  # a file without a name, a film without captions
        await marks_on(writer, "ada", f"/learn/runs/rings-1/units/{unit}")
        for address in (f"/units/{unit}", f"/preview?unit={unit}"):
            await marks_on(writer, "admin", f"/teach/courses/rings{address}")
    await files_run_nothing(writer)
    await no_file_calculates(writer)
    for role in writer.people:
        await reader_sees_none(writer.people[role])


async def files_run_nothing(writer: Writer) -> None:
    """What was uploaded is saved as bytes, whatever it says that it is, or shown where nothing can run."""
    unit = "/v1/runs/rings-1/units"
    of_course = [f"/v1/courses/rings/contents/{writer.known[name]['sha256']}" for name in CONTENT]
    of_ada = [f"{unit}/{each}/content" for each in ("text", "film", "file", "plain", "drawing")]
    of_ada += [f"{unit}/film/captions/en", f"/v1/me{ATTEMPT[3:]}/files/{writer.known['handed_in']['sha256']}"]
    for role, paths in (("admin", of_course), ("ada", of_ada)):
        for path in paths:
            answer = await writer.send(role, "GET", path, None)
            headers, kind = answer.headers, answer.headers["content-type"].partition(";")[0]
            assert answer.status_code == 200, path
            assert "sandbox" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff", path
            assert kind in SHOWN_AS or headers["content-disposition"].startswith("attachment"), path
            assert kind in {*SHOWN_AS, "application/octet-stream"}, (path, kind)


async def no_file_calculates(writer: Writer) -> None:
    """A cell of a file for spreadsheets that begins as a formula does is text, also of what an analyst asks."""
    base = f"/teach/runs/{writer.known['run']}"
    files = [
        await writer.people["admin"].get(f"{base}/{each}.csv") for each in ("roster", "gradebook", "gradebook/list")
    ]
    asked = {"sql": "SELECT '=canary()' AS \"=canary()\", '@canary' AS b, -1 AS c", "rows": 10}
    files.append(await writer.people["analyst"].browser.client.post(
        "/v1/analytics/question", json=asked, headers={
            **writer.people["analyst"].browser.cookie, "origin": ORIGIN, "sec-fetch-site": "same-origin",
            "accept": "text/csv",
        }
    ))  # fmt: skip
    for each in files:
        assert (each.status_code, each.headers["content-type"][:8]) == (200, "text/csv"), each.text
        assert each.headers["content-disposition"].startswith("attachment")
        cells = [cell for row in csv.reader(io.StringIO(each.text)) for cell in row if cell != "-1"]
        assert [cell for cell in cells if cell.startswith(FORMULA)] == []
    assert "'=canary" in files[1].text + files[2].text
    assert "'=canary()" in files[3].text


async def reader_sees_none(reader: Reader) -> None:
    """The pages that everyone has, once more with all that was written."""
    for address in ("/", "/learn", "/courses", "/account", "/account/privacy", "/account/sessions"):
        page = await reader.get(address)
        assert not RAW.search(page.text), address
        assert page.headers.items() >= HEADERS.items(), address
