"""Queries as of another moment: the answer is the one that was given then, byte by byte."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from tests.support.api import ITEMS, Campus
from tests.support.past import Past, asked, filled

LATER = {"title": "Groups", "items": ITEMS[:1], "key": [0], "due_at": "2126-05-02T00:00:00Z"}
PLACES = (
    "/learners/{learner}/dashboard",
    "/learners/{learner}/dashboard?state=all",
    "/learners/{learner}/runs/{run}/grades",
    "/learners/{learner}/runs/{run}/grades?limit=1",
    "/learners/{learner}/entitlements",
    "/learners/{learner}/subscriptions",
    "/learners/{learner}/orders",
    "/learners/{learner}/purchases",
    "/learners/{learner}/runs",
    "/learners/{learner}/runs/{run}",
    "/learners/{learner}/history",
    "/learners/{learner}/history?limit=2",
    "/learners/dashboards?ids={learner}",
    "/activity",
    "/activity?run_id={run}&limit=3",
    "/courses",
    "/courses/{course}",
    "/courses/{course}/versions/1",
    "/runs?course_id={course}&total=true",
    "/runs/{run}",
    "/runs/{run}/quizzes",
    "/quizzes/{quiz}",
    "/products",
    "/products/{product}",
)
DIFFERENT = (5, 5, 3, 3, 2, 1, 1, 2, 3, 3, 4, 1, 3, 3, 3, 1, 1, 1, 2, 2, 2, 1, 2, 2)
"""
How many different answers the story below gives, at least, at each of PLACES.

A dashboard on which the enrollment is only requested is one more, if it is seen before the reactor has admitted.
"""


async def test_an_answer_as_of_a_position_is_the_one_that_was_given_then(app: FastAPI, campus: Campus) -> None:
    """Whatever has happened since: byte by byte, with what is joined when it is read; and it may be kept for ever."""
    await campus.open_run()
    product = {"product_id": f"p-{campus.tag}", "title": "Algebra", "kind": "run", "run_id": campus.run}
    past = Past(app, campus, PLACES)
    await campus.enroll()
    await campus.send("/products", product, user="admin")
    await past.look()
    await campus.send(f"/products/{product['product_id']}/prices", {"currency": "EUR", "amount": 0}, user="admin")
    await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
    await past.look()
    place = {"quiz_id": f"{campus.quiz}-more", "run_id": campus.run, "unit_id": "q2"}
    await campus.send("/quizzes", {**LATER, **place}, user="instructor")
    await past.look()
    await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})
    await past.look()
    gift = {"entitlement_id": f"gift-{campus.tag}", "learner_id": campus.learner, "runs": [campus.run]}
    await campus.send("/entitlements", {**gift, "reason": "scholarship"}, user="admin")
    await past.look()
    await campus.send("/enrollments/withdraw", {"run_id": campus.run, "reason": "moved"})
    await past.look()
    for (path, position), then in past.answers.items():
        answer = await asked(campus, path, known_at=position)
        assert answer.content == then.content, (path, position)
        assert answer.headers["etag"] == then.headers["etag"]
        assert answer.headers["campus-position"] == str(position)
        assert "immutable" in answer.headers["cache-control"]
        if "/history" in path:  # facts as they are: no rule has made them
            assert "campus-rules" not in answer.headers
            continue
        assert re.fullmatch(r"(, )?(\w+;v=\d+;code=[0-9a-f]{32}(, )?)+", answer.headers["campus-rules"])
    for template, different in zip(PLACES, DIFFERENT, strict=True):
        path = filled(template, campus)
        assert len({then.content for (of, _), then in past.answers.items() if of == path}) >= different, path


async def test_what_follows_from_the_clock_is_that_of_the_moment(app: FastAPI, campus: Campus) -> None:
    """A run that has ended since goes on as of then; one that had ended by `valid_at` is over."""
    await campus.open_run()
    position = await campus.enroll()
    path = f"/learners/{campus.learner}/dashboard"
    await campus.see(path, position)
    now = datetime.now(UTC).isoformat()
    app.state.services.log.clock.move(timedelta(days=40_000))

    async def status(**moment: Any) -> str:
        (course,) = (await campus.get(path, **moment)).json()["courses"]
        return str(course["status"])

    assert await status() == "ended"
    assert await status(known_at=position) == await status(valid_at=now) == await status(known_at=now) == "active"
    assert await status(known_at=position, valid_at="2130-01-01") == "ended"

    async def left(**moment: Any) -> int:
        grades = await campus.get(f"/learners/{campus.learner}/runs/{campus.run}/grades", **moment)
        return int(grades.json()["items"][0]["attempts_left"])

    assert [await left(), await left(known_at=position), await left(valid_at="2130-01-01")] == [0, 2, 0]


async def test_both_clocks(app: FastAPI, campus: Campus) -> None:
    """`known_at` as a time is the position that the log had reached; `valid_at` leaves out what happened later."""
    await campus.open_run()
    await campus.enroll()
    path = f"/learners/{campus.learner}/dashboard"
    opened = await campus.send("/progress/units/open", {"run_id": campus.run, "unit_id": "intro"})
    facts = (await campus.get(f"/learners/{campus.learner}/history", limit=200)).json()["items"]
    fact = next(fact for fact in facts if fact["position"] == opened)
    before = next(fact for fact in reversed(facts) if fact["position"] < opened)
    whole = await campus.get(path, known_at=opened)
    by_time = await campus.get(path, known_at=fact["recorded_at"])
    assert (by_time.content, by_time.headers["campus-position"]) == (whole.content, str(opened))
    assert "immutable" not in by_time.headers["cache-control"]
    assert datetime.fromisoformat(by_time.headers["campus-known-at"]) == datetime.fromisoformat(fact["recorded_at"])
    earlier = await campus.get(path, valid_at=before["occurred_at"])
    assert earlier.json()["courses"][0]["opened"] == []
    assert whole.json()["courses"][0]["opened"] == ["intro"]
    assert datetime.fromisoformat(earlier.headers["campus-valid-at"]) == datetime.fromisoformat(before["occurred_at"])
    assert (await campus.get(path, known_at=0)).json()["code"] == "learner_not_found"
    assert (await campus.get(path, valid_at="1999-12-31")).json()["code"] == "learner_not_found"
    assert (await campus.get("/me/dashboard", user=campus.learner, known_at=0)).json()["courses"] == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("known_at", "yesterday", "invalid_request"),
        ("known_at", "-1", "invalid_request"),
        ("known_at", "2026-02-30", "invalid_request"),
        ("known_at", "2026-02-01T09:00:00", "invalid_request"),
        ("known_at", str(2**63), "invalid_request"),
        ("known_at", str(2**63 - 1), "moment_ahead"),
        ("known_at", "2199-01-01", "moment_ahead"),
        ("valid_at", "1713", "invalid_request"),
        ("valid_at", "2199-01-01T00:00:00Z", "moment_ahead"),
    ],
)
async def test_a_moment_that_is_none_is_refused(campus: Campus, name: str, value: str, code: str) -> None:
    """As are a position that the log has not reached, and a time to come; the problem names the parameter."""
    answer = await campus.get("/me/dashboard", **{name: value})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert name in answer.json()["detail"]


async def test_grades_before_there_was_a_run(campus: Campus) -> None:
    """The problem is the one that was answered then."""
    await campus.open_run()
    position = await campus.enroll()
    path = f"/learners/{campus.learner}/runs/{campus.run}/grades"
    assert (await campus.get(path, known_at=position)).status_code == 200
    assert (await campus.get(path, known_at=0)).json()["code"] == "run_not_found"


async def test_what_was_known_does_not_wait(campus: Campus) -> None:
    """`min_position` contradicts `known_at`, and where a route knows no moment, the parameter is refused."""
    answer = await campus.get("/me/dashboard", known_at=0, min_position=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    answer = await campus.get("/coupons", known_at=0)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")


WITHOUT = {
    "/v1/learners/{learner_id}/looks": "facts of the log, each with its position and time",
    "/v1/coupons": "coupons are read from the log, as they are when they are used",
    "/v1/coupons/{coupon_id}": "as the list",
    "/v1/provider-events": "facts of the log, each with its position and time",
    "/v1/facts/{position}": "a fact never changes",
    "/v1/facts/{position}/trace": "what followed is asked for, whenever that was",
    "/v1/traces": "as that of one fact",
    "/v1/imports": "facts of the log, each with its position and time",
    "/v1/projections/{name}/rules": "what has been served, each with its position and time",
    "/v1/rules/{source_hash}": "a source never changes",
    "/v1/audit": "facts of the log, each with its position and time",
    "/v1/announcements": "what is said now; what was said before is in its facts",
    "/v1/runs/{run_id}/units/{unit_id}/page": "what a unit of the run is; a version never changes",
    "/v1/courses/{course_id}/diff": "what a version would mean for learners now",
    "/v1/me/announcements": "as that of a run",
    "/v1/courses/{course_id}/draft": "what an editor goes on from; what was edited is in its facts",
    "/v1/learners/{learner_id}/runs/{run_id}/deadlines": "what is due now; what was granted is in the history",
    "/v1/me/runs/{run_id}/deadlines": "as that of a learner",
    "/v1/learners/{learner_id}/runs/{run_id}/appeals": "all of them, with their times",
    "/v1/lti/tools": "which tools of others there are now",
    "/v1/lti/tools/{tool_id}": "as in the list",
    "/v1/me/study": "a streak is of today; what it is made of is in the history",
    "/v1/me/runs/{run_id}/appeals": "as those of a learner",
    "/v1/runs/{run_id}/appeals": "what staff have to answer now; each is a fact",
    "/v1/learners/{learner_id}/runs/{run_id}/units/{unit_id}/viewing": "where to go on now; each batch is a fact",
    "/v1/me/runs/{run_id}/units/{unit_id}/viewing": "as that of a learner",
    "/v1/runs/{run_id}/invitations": "who is invited now; what was before is in the histories",
    "/v1/me/invitations": "as those of a run",
    "/v1/runs/{run_id}/waitlist": "who waits now; what was before is in the histories",
    "/v1/me/runs/{run_id}/place": "as the waitlist of the run",
    "/v1/question-banks": "what is there now; what was changed is in the facts of each question",
    "/v1/question-banks/{bank_id}/questions": "as the list of banks",
    "/v1/question-banks/{bank_id}/questions/{question_id}": "as the list of banks",
    "/v1/question-banks/{bank_id}/export": "as the list of banks",
    "/v1/settings/changes": "facts of the log, each with its position and time",
    "/v1/webhooks": "where messages go now; what was before is in the facts",
    "/v1/webhooks/{endpoint_id}": "as the list",
    "/v1/webhooks/{endpoint_id}/deliveries": "messages as they stand now, each with its attempts",
    "/v1/webhooks/{endpoint_id}/deliveries/{message_id}": "as the list",
    "/v1/roles": "who may do what now; what was granted before is in the history",
    "/v1/me/roles": "as that of all",
    "/v1/clients": "which programs there are now; when each was registered is in its facts",
    "/v1/clients/{client_id}": "what a client may do now; what has changed is in its facts",
    "/v1/accounts": "how accounts stand now; what was before is in their histories",
    "/v1/learners/{learner_id}/account": "as the own account",
    "/v1/me/account": "who a person is now; what was said before is in the history",
    "/v1/me/consents": "what a person has consented to is asked for now",
    "/v1/learners/{learner_id}/contact": "as long as the person consents, and as that person is reached now",
    "/v1/quizzes/{quiz_id}/regrades": "how far regrades are now; what they were before is in the facts",
    "/v1/quizzes/{quiz_id}/regrades/{regrade_no}/changes": "what it would change now",
    "/v1/quizzes/{quiz_id}/grading": "what people have to grade now",
    "/v1/runs/{run_id}/grading": "as that of a quiz",
    "/v1/catalog/search": "what can be found now; what was published is in the facts of each course",
    "/v1/public/courses": "as the search for users",
    "/v1/public/courses/{course_id}": "what a visitor can learn now; courses and runs of the past are for users",
    "/v1/notifications/report": "what staff look into now; each outcome is a fact",
    "/v1/notifications/doubtful": "as the report",
    "/v1/me/notifications": "what the person has not seen yet; each notification and what was done with it is a fact",
    "/v1/me/notifications/unread": "as the list",
    "/v1/notifications/mail-preview": "what mails say is of the code",
    "/v1/me/mailbox": "whether mails go to the address from now on; each change is a fact",
    "/v1/me/notifications/schedule": "when mails come from now on; each change is a fact",
    "/v1/me/notifications/settings": "what to be notified of from now on; each change is a fact",
    "/v1/me/messages/{message_id}": "what the staff have written, which never changes",
    "/v1/runs/{run_id}/messages": "what can be undone now; each message and its undo is a fact",
    "/v1/runs/{run_id}/messages/audience": "to whom a message would go now",
    "/v1/runs/{run_id}/messages/{message_id}/receipts": "as the report; each outcome is a fact",
    "/v1/me/transcript": "what is certified now; each outcome and its revisions are in it with their times",
    "/v1/learners/{learner_id}/transcript": "as the own transcript",
    "/v1/runs/{run_id}/at-risk": "whom to write to now; what says so is in the dashboards of each learner",
    "/v1/runs/{run_id}/ungraded": "what people have to grade now",
    "/v1/quizzes/{quiz_id}/item-statistics": "what an author goes on from; each mark is in the facts of its attempt",
    "/v1/me/quizzes/{quiz_id}": "by which rules an attempt can be started now; what was published is in the facts",
    "/v1/me/quizzes/{quiz_id}/attempts": "attempts as they stand now, from the log; what was before is in the history",
    "/v1/me/quizzes/{quiz_id}/attempts/{attempt_no}": "as the list, with what the rules show by now",
    "/v1/learners/{learner_id}/quizzes/{quiz_id}/attempts": "as the own list",
    "/v1/learners/{learner_id}/quizzes/{quiz_id}/attempts/{attempt_no}": "as the own attempt",
    "/v1/quizzes/{quiz_id}/contents": "what an author goes on from; each version is a fact",
    "/v1/runs/{run_id}/topics": "where to write and what is unread now; each change of a topic is a fact",
    "/v1/runs/{run_id}/threads": "what is asked and said now; each post, edit and removal is a fact",
    "/v1/runs/{run_id}/threads/{thread_id}": "as the list",
    "/v1/runs/{run_id}/threads/{thread_id}/posts/{post_no}/versions": "each version with its time",
    "/v1/runs/{run_id}/mentionable": "whom a post can mention now",
    "/v1/runs/{run_id}/unread": "what is unread now",
    "/v1/me/forum/threads": "as the list of a run",
    "/v1/me/forum/unread": "as that of a run",
    "/v1/me/forum/search": "what can be found now; what was said before is in the facts of each post",
    "/v1/runs/{run_id}/unanswered": "what waits for an answer now",
    "/v1/runs/{run_id}/moderation": "what waits for a decision now; each report, decision and appeal is a fact",
    "/v1/runs/{run_id}/moderation/{thread_id}/{post_no}": "as the list",
    "/v1/runs/{run_id}/forum-rules": "the rules of now; each change is a fact",
    "/v1/forum-words": "as the rules of a run",
    "/v1/runs/{run_id}/forum/learners/{learner_id}": "who is silent now; each silence and note is a fact",
    "/v1/me/runs/{run_id}/moderation": "what became of own reports and posts by now; each is in the own history",
    "/v1/refund-claims": "what staff have to answer now; each claim and answer is a fact",
    "/v1/orders/{order_id}/refund-claims": "as that of all",
    "/v1/appeals": "what auditors look into now; each is a fact",
    "/v1/proofs/dispute": "whether the notary signs now; what was resolved is in the facts",
    "/v1/runs/{run_id}/names": "how people are called now; what they were called before is in the history",
    "/v1/analytics/views": "what can be asked now",
    "/v1/analytics/queries": "queries as they are saved now; each change is a fact",
    "/v1/analytics/queries/{query_id}": "as the list",
    "/v1/reconciliation": "what an hourly comparison has found, and no read model",
}
"""Queries that take no moment, and why."""


def test_every_query_of_a_read_model_takes_a_moment(app: FastAPI) -> None:
    """Of all that answers with a position; whatever does not is listed with the reason."""
    taking, without = set[str](), set[str]()
    for path, methods in app.openapi()["paths"].items():
        asked = methods.get("get")
        if asked is None or "campus-position" not in str(asked["responses"]).lower():
            continue
        names = {each["name"] for each in asked.get("parameters", ())}
        (taking if {"known_at", "valid_at"} <= names else without).add(path)
    assert taking
    assert without == WITHOUT.keys()
