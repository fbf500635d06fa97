"""The transcript of a learner: which runs are in it, what stays in sight, and its page."""

from html.parser import HTMLParser
from typing import Any

from adapters.shown_dashboard import ShownCourse
from adapters.transcripts.page import transcript_page
from adapters.transcripts.transcript import READS, Transcript, TranscriptOutcome, runs_of
from tests.support.facts import History, day

COURSES = {"AAA-1": ShownCourse("AAA-1", "AAA", "<i>Algebra</i>", status="completed", grade_bp=8_705, letter="B")}


def ended() -> History:
    """A learner who left, came back, passed, and had the outcome revised, with a credential for each."""
    history = History().enrolled("7", at=day(1))
    stream = "enrollment-7:AAA-1"
    history.add(stream, "enrollment.withdrawn", day(2), reason="").add(stream, "enrollment.activated", day(3))
    history.add(stream, "enrollment.completed", day(90))
    decided = {"outcome": "pass", "grade_bp": 8_400, "policy": "weighted_mean"}
    history.progress("7", "course_outcome_decided", day(90), **decided)
    issued = {"course_id": "AAA", "course_title": "Algebra", "outcome": "pass"}
    history.progress("7", "credential_issued", day(90), credential_id="one", **issued)
    history.progress("7", "course_outcome_revised", day(97), new="distinction", new_grade_bp=8_705, policy="instructor")
    history.progress("7", "credential_revoked", day(97), credential_id="one")
    return history.progress("7", "credential_issued", day(97), credential_id="two", **issued)


def runs(history: History, courses: Any = COURSES) -> Any:
    """The runs of a transcript of what is in *history*."""
    return runs_of((fact for fact in history.facts if fact.type in READS), courses)


def test_what_was_revised_stays_in_sight() -> None:
    """With the first place, the last end, the grade as it stands, and each credential."""
    (run,) = runs(ended())
    assert (run.place_at, run.withdrawn_at, run.completed_at) == (day(1), day(2), day(90))
    assert (run.status, run.grade_bp, run.letter, run.outcome) == ("completed", 8_705, "B", "distinction")
    assert run.outcomes == [
        TranscriptOutcome(at=day(90), outcome="pass", grade_bp=8_400, policy="weighted_mean"),
        TranscriptOutcome(at=day(97), outcome="distinction", grade_bp=8_705, policy="instructor"),
    ]
    assert [(each.credential_id, each.status, each.revoked_at) for each in run.credentials] == [
        ("one", "revoked", day(97)),
        ("two", "valid", None),
    ]


def test_which_runs_are_in_it() -> None:
    """Those on which there was a place or an outcome, the first one first; a dashboard may be late."""
    history = ended().enrolled("7", "BBB-1", at=day(0))
    history.add("enrollment-7:CCC-1", "enrollment.withdrawn", day(5), reason="")
    found = runs(history, {})
    assert [(run.run_id, run.title, run.letter) for run in found] == [("BBB-1", "", None), ("AAA-1", "Algebra", None)]


class _Page(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - as it is called
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_page_is_text() -> None:
    """Nothing of what others have written acts in it; it says all that the structs say."""
    found = Transcript(learner_id="7", name="Ada <b>Lovelace</b>", campus="Open", runs=runs(ended()))
    page = _Page()
    page.feed(transcript_page(found, day(100)).decode())
    assert page.tags.isdisjoint({"script", "img", "link", "a", "b", "i", "form"})
    assert {"Ada <b>Lovelace</b>", "<i>Algebra</i>", "87.05 % (B)", "distinction", "one", "revoked"} <= set(page.texts)
    empty = Transcript(learner_id="7", name=None, campus="Open", runs=[])
    assert b"No course so far." in transcript_page(empty, day(100))
