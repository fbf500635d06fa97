"""Files of questions over HTTP."""

from base64 import b64decode, b64encode

from adapters.questions.reading import read_questions
from tests.adapters.questions.test_reading import FILES
from tests.support.api import Campus


async def test_a_file_goes_in_and_comes_out(campus: Campus) -> None:
    """A dry run does nothing; the same file once more adds nothing; an export has the same questions."""
    bank, data = f"/question-banks/biology-{campus.tag}", (FILES / "examples.moodle.xml").read_bytes()
    body = {"file": b64encode(data).decode()}
    trial = (await campus.post(f"{bank}/imports", {**body, "dry_run": True}, user="admin")).json()
    assert (await campus.get(f"{bank}/questions", user="admin")).status_code == 404
    first = (await campus.post(f"{bank}/imports", body, user="admin")).json()
    octets = {**await campus.as_user("admin"), "content-type": "application/octet-stream"}
    path = f"/v1{bank}/files?dry_run=false"
    again = (await campus.client.post(path, content=data, headers=octets)).json()
    assert first == trial
    assert (first["format"], first["imported"], len(first["refused"])) == ("moodle", 9, 2)
    assert (again["imported"], again["unchanged"]) == (0, 9)
    page = (await campus.get(f"{bank}/questions", user="admin", limit="4")).json()
    rest = (await campus.get(f"{bank}/questions", user="admin", after=page["next"])).json()
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (4, 5, None)

    exported = (await campus.get(f"{bank}/export", user="admin", format="moodle")).json()
    assert (exported["written"], exported["refused"]) == (9, [])
    found = read_questions(b64decode(exported["file"])).found
    assert sorted(each.question.question_id for each in found) == sorted(
        each.question.question_id for each in read_questions(data).found
    )
    coded = await campus.post(f"{bank}/imports", {"file": "\N{PILE OF POO}"}, user="admin")
    assert coded.json()["code"] == "unreadable_question_file"
    assert (await campus.get(f"{bank}/export", format="AAA")).json()["code"] == "invalid_request"
    letter = await campus.post(f"{bank}/imports", {"file": b64encode(b"Dear all,").decode()}, user="admin")
    assert (letter.status_code, letter.json()["code"]) == (422, "unreadable_question_file")
