"""The life of an attempt: who may start it, which answers it keeps, and when it ends."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.catalog import Run, Unit
from domain.deadlines import Deadline, deadline_of
from domain.errors import DomainError
from domain.late_policy import LatePolicy
from domain.questions import BadResponse, UnreadableQuestion, response_from
from domain.quiz import (
    Allowance,
    BadQuiz,
    Entry,
    Feedback,
    Item,
    NoAttemptsLeft,
    Quiz,
    QuizAttempt,
    Rules,
    Section,
    Version,
)
from domain.quiz.answers import SavedAnswer, StoredForm, receipt, stored_form
from domain.quiz.closing import closed_at
from domain.quiz.marks import mark_items, score_of
from domain.quiz.rules import hash_password
from domain.quiz.shown import shown
from domain.quiz_errors import (
    AttemptEnded,
    AttemptNotFound,
    BadAllowance,
    HonourNeeded,
    MustStart,
    QuizClosed,
    QuizNotOpen,
    StillRunning,
    TimeIsUp,
    UnknownItem,
    WrongNetwork,
    WrongQuizPassword,
)
from domain.score import Score
from tests.support.given import AT, STREAMS, Said, fact, given, replay

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RUN_ENDS = AT + 100 * DAY
ITEMS = [Item(f"i{number}", "?", ["no", "yes"]) for number in range(1, 5)]
SEED = "00112233445566778899aabbccddeeff"
CHOSEN = {"kind": "single_choice", "option_id": "1"}


def quiz(*, items: Sequence[Item] = ITEMS, **more: Any) -> Quiz:
    """A quiz of ten minutes."""
    made = Quiz.blank("quiz-equations")
    plan = {"items": items, "key": [1] * len(items), "time_limit": 600, "attempts_allowed": 2, **more}
    made.publish("algebra-1", "q1", "quiz", "Equations", **plan)
    return made


def deadline(version: Version, more: datetime | None = None) -> Deadline:
    """When work on the unit of the quiz is due for a learner, who may have more time."""
    run, unit = Run.blank(STREAMS["run"]), Unit("q1", "quiz", "")
    run.starts_at, run.ends_at = AT, RUN_ENDS
    return deadline_of(unit, run, {"q1": more} if more else {}, version.of_quiz)


def allowed(**terms: Any) -> Allowance:
    """What a learner is allowed."""
    allowance = Allowance.blank(STREAMS["allowance"])
    if terms:
        allowance.grant(
            "algebra-1", reason="why", **{"extra_seconds": 0, "extra_attempts": 0, "closes_at": None, **terms}
        )
    return allowance


def start(attempt: QuizAttempt, entry: Entry | None = None, at: datetime = AT, **more: Any) -> None:
    """Start an attempt at a quiz with these rules."""
    allowance = more.pop("allowance", None) or allowed()
    made = quiz(**more)
    attempt.start(made, allowance, entry or Entry(), at=at, seed=SEED, deadline=deadline(made.current))


def started(deadline: timedelta = 10 * MINUTE, **more: Any) -> Said:
    """That an attempt was started."""
    fields = {
        "run_id": "algebra-1",
        "unit_id": "q1",
        "quiz_version": 1,
        "seed": SEED,
        "items": ["i1", "i2", "i3", "i4"],
        "started_at": AT,
        "deadline_at": AT + deadline,
        "accepts_until": AT + deadline + 5 * SECOND,
        "extra_seconds": 0,
    }
    return fact(QuizAttempt.Started, **{**fields, **more})


def saved(item_id: str = "i1", client_seq: int = 1, response: Any = CHOSEN) -> Said:
    """That an answer was saved."""
    return fact(QuizAttempt.AnswerSaved, item_id=item_id, client_seq=client_seq, response=response, words="")


def submitted(by: str, late_by: int = 0) -> Said:
    """That a started attempt was submitted."""
    end = {"responses": [], "banked": False, "quiz_version": 1, "started_at": AT, "days_late": 1 if late_by else 0}
    return fact(QuizAttempt.Submitted, run_id="algebra-1", unit_id="q1", by=by, late_by=late_by, **end)


def save(attempt: QuizAttempt, client_seq: int = 1, *, item_id: str = "i1", after: timedelta = MINUTE) -> None:
    """Save an answer so long after the start."""
    attempt.save_answer(item_id, client_seq, CHOSEN, "", at=AT + after)


def test_an_attempt_is_started() -> None:
    """The fact has the version, what is asked, and when it ends; starting it again changes nothing."""
    given(QuizAttempt).when(start).then(started())
    given(QuizAttempt, started()).when(lambda attempt: start(attempt, at=AT + MINUTE)).then()


@pytest.mark.parametrize(
    ("rules", "allowance", "deadline"),
    [
        ({}, {"extra_seconds": 300}, 15 * MINUTE),
        ({"closes_at": AT + MINUTE}, {}, MINUTE),
        ({"closes_at": AT + MINUTE}, {"closes_at": AT + 2 * MINUTE}, 2 * MINUTE),
        ({"late": LatePolicy("none")}, {}, 3 * MINUTE),
        ({"late": LatePolicy("percent_a_day", 1_000)}, {}, 10 * MINUTE),
    ],
)
def test_the_first_limit_is_the_deadline(rules: Any, allowance: Any, deadline: timedelta) -> None:
    """The time limit with what the learner has more of it, the end of the quiz, or the due date if late is refused."""
    extra = allowance.get("extra_seconds", 0)
    terms: dict[str, Any] = {"rules": Rules(**rules), "allowance": allowed(**allowance), "due_at": AT + 3 * MINUTE}
    given(QuizAttempt).when(lambda attempt: start(attempt, **terms)).then(started(deadline, extra_seconds=extra))


def test_an_attempt_ends_with_its_run() -> None:
    """Where no other limit is."""
    given(QuizAttempt).when(lambda attempt: start(attempt, time_limit=None)).then(started(100 * DAY))


PASSWORD = hash_password("ratio-17", bytes(16))


@pytest.mark.parametrize(
    ("rules", "entry", "refusal"),
    [
        ({"opens_at": AT + SECOND}, {}, QuizNotOpen),
        ({"closes_at": AT}, {}, QuizClosed),
        ({"password_hash": PASSWORD}, {}, WrongQuizPassword),
        ({"password_hash": PASSWORD}, {"password": "ratio-18"}, WrongQuizPassword),
        ({"password_hash": PASSWORD}, {"password": "ratio-17"}, None),
        ({"networks": ["192.0.2.0/24", "2001:db8::/32"]}, {"address": "198.51.100.7"}, WrongNetwork),
        ({"networks": ["192.0.2.0/24"]}, {"address": None}, WrongNetwork),
        ({"networks": ["192.0.2.0/24", "2001:db8::/32"]}, {"address": "2001:db8::1"}, None),
        ({"honour": "I work alone."}, {}, HonourNeeded),
        ({"honour": "I work alone."}, {"honour": True}, None),
        ({"opens_at": AT}, {}, None),
    ],
)
def test_who_may_start(rules: Any, entry: Any, refusal: type[DomainError] | None) -> None:
    """The door is open, the password right, the place the exam's own, and the statement accepted."""
    answer = given(QuizAttempt).when(lambda attempt: start(attempt, Entry(**entry), rules=Rules(**rules)))
    if refusal is None:
        answer.then(started())
    else:
        answer.refused_because(refusal)


def test_attempts_are_counted() -> None:
    """A learner may be allowed more of them."""
    third: dict[str, Any] = {"stream": "attempt-ann:equations:3"}
    given(QuizAttempt, **third).when(start).refused(NoAttemptsLeft, quiz_id="equations", attempts_allowed=2)
    more = allowed(extra_attempts=1)
    given(QuizAttempt, **third).when(lambda attempt: start(attempt, allowance=more)).then(started())


def test_the_same_seed_draws_the_same() -> None:
    """So many of each section, in the order of the sections; another seed may draw others."""
    sections = [Section("a", "", ["i1", "i2", "i3"], pick=2), Section("b", "", ["i4"])]
    version = quiz(sections=sections, rules=Rules(order="shuffled")).current
    papers = {tuple(version.paper(str(seed))) for seed in range(50)}
    assert len(papers) == 6
    assert all(len(set(paper)) == 3 and paper[-1] == "i4" for paper in papers)
    assert version.paper(SEED) == version.paper(SEED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sections": [Section("a", "", ["i1", "i2", "i3"])]},
        {"sections": [Section("a", "", ["i1", "i2", "i3", "i4"], pick=5)]},
        {"sections": [Section("a", "", ["i1", "i2"]), Section("a", "", ["i3", "i4"])]},
        {"rules": Rules(opens_at=AT, closes_at=AT)},
        {"rules": Rules(grace_seconds=601)},
        {"rules": Rules(late=LatePolicy("percent_a_day"))},
        {"rules": Rules(late=LatePolicy("percent_of_earned_a_day", 100))},
        {"rules": Rules(networks=["room 7"])},
        {"rules": Rules(networks=["192.0.2.1/24"])},
        {"rules": Rules(markers=3)},
    ],
)
def test_rules_that_contradict_each_other(wrong: Any) -> None:
    """A quiz is not published with them."""
    with pytest.raises(BadQuiz):
        quiz(**wrong)


def test_the_answer_with_the_highest_sequence_stands() -> None:
    """Whatever comes late or twice changes nothing; each item counts by itself."""

    def out_of_order(attempt: QuizAttempt) -> None:
        for client_seq in (2, 1, 2, 3):
            save(attempt, client_seq)
        save(attempt, 1, item_id="i2")

    given(QuizAttempt, started()).when(out_of_order).then(saved(client_seq=2), saved(client_seq=3), saved("i2"))


@pytest.mark.parametrize(("after", "in_time"), [(604.999, True), (605, False), (3_600, False)])
def test_answers_are_taken_until_the_grace_is_over(after: float, *, in_time: bool) -> None:
    """By the server's clock; what was acknowledged before may be sent again at any time."""
    late = timedelta(seconds=after)
    answer = given(QuizAttempt, started(), saved()).when(lambda attempt: save(attempt, 2, after=late))
    if in_time:
        answer.then(saved(client_seq=2))
    else:
        answer.refused(TimeIsUp, attempt_no=1, deadline_at="2026-03-02 09:10:00 UTC", late_by=int(after) - 600)
    given(QuizAttempt, started(), saved()).when(lambda attempt: save(attempt, 1, after=late)).then()


def test_what_takes_no_answer() -> None:
    """An attempt that was not started, an item that it does not ask, one that is over."""
    given(QuizAttempt).when(save).refused(AttemptNotFound, attempt_no=1, quiz_id="equations")
    given(QuizAttempt, started()).when(lambda attempt: save(attempt, item_id="i9")).refused(
        UnknownItem, attempt_no=1, item_id="i9"
    )
    given(QuizAttempt, started(), submitted("learner")).when(save).refused(AttemptEnded, attempt_no=1, by="learner")
    given(QuizAttempt, started(), submitted("server")).when(lambda attempt: save(attempt, after=HOUR)).refused(
        TimeIsUp, attempt_no=1, deadline_at="2026-03-02 09:10:00 UTC", late_by=3_000
    )


def test_the_learner_submits_once() -> None:
    """A second click changes nothing, and nothing is submitted after it."""

    def twice(attempt: QuizAttempt) -> None:
        assert attempt.hand_in(Deadline(AT), at=AT + MINUTE) == AT + MINUTE
        attempt.hand_in(Deadline(AT), at=AT + 2 * MINUTE)

    given(QuizAttempt, started()).when(twice).then(submitted("learner", late_by=60))
    given(QuizAttempt, started(), submitted("server")).when(lambda attempt: attempt.end(Deadline(), at=AT)).then(
        answer=AT
    )


@pytest.mark.parametrize("method", ["end", "hand_in"])
def test_the_server_submits_as_of_the_deadline(method: str) -> None:
    """However late it comes, and if the learner is the one who is late; lateness is that of the deadline."""
    after = AT + 605 * SECOND
    given(QuizAttempt, started()).when(
        lambda attempt: getattr(attempt, method)(Deadline(AT + 9 * MINUTE), at=after + DAY)
    ).then(submitted("server", late_by=60), answer=AT + 10 * MINUTE)
    given(QuizAttempt, started()).when(lambda attempt: attempt.end(Deadline(), at=after - SECOND)).refused(
        StillRunning, attempt_no=1, accepts_until="2026-03-02 09:10:05 UTC"
    )


def test_time_is_granted_in_the_middle() -> None:
    """The deadline moves, also of an attempt whose time is over and that the server has not submitted yet."""
    version, more = quiz().current, allowed(extra_seconds=300)
    old, new = AT + 10 * MINUTE, AT + 15 * MINUTE
    moved = fact(QuizAttempt.DeadlineMoved, old_deadline_at=old, deadline_at=new, accepts_until=new + 5 * SECOND)

    def move(attempt: QuizAttempt) -> None:
        attempt.move_deadline(version, more, deadline(version))

    given(QuizAttempt, started()).when(move).then(moved)
    given(QuizAttempt, started(), moved).when(move).then()
    given(QuizAttempt, started(), submitted("server")).when(move).then()


def test_what_is_allowed_replaces_what_was() -> None:
    """With a reason; the same again changes nothing."""
    terms: dict[str, Any] = {"extra_seconds": 300, "extra_attempts": 1, "closes_at": None}
    granted = fact(
        Allowance.Granted,
        run_id="algebra-1",
        old_extra_seconds=0,
        old_extra_attempts=0,
        old_closes_at=None,
        reason="nurse's note",
        **terms,
    )
    grant = lambda allowance: allowance.grant("algebra-1", reason="nurse's note", **terms)  # noqa: E731
    given(Allowance).when(grant).then(granted)
    given(Allowance, granted).when(grant).then()
    given(Allowance).when(lambda each: each.grant("algebra-1", reason=" ", **terms)).refused_because(BadAllowance)
    given(Allowance).when(
        lambda each: each.grant("algebra-1", reason="why", **{**terms, "extra_seconds": -1})
    ).refused_because(BadAllowance)


def test_a_quiz_with_such_rules_takes_no_answers_at_once() -> None:
    """Who could hand in without starting would have no deadline."""
    given(QuizAttempt).when(lambda attempt: attempt.submit(quiz(), [1] * 4, by="learner", at=AT)).refused(
        MustStart, attempt_no=1, quiz_id="equations"
    )


@pytest.mark.parametrize(
    ("response", "refusal"),
    [
        ({}, UnreadableQuestion),
        ({"kind": "single_choice"}, UnreadableQuestion),
        ({**CHOSEN, "option_id": 1}, UnreadableQuestion),
        ({**CHOSEN, "option_id": "2"}, BadResponse),
        ({"kind": "essay", "text": "yes"}, BadResponse),
    ],
)
def test_a_response_fits_its_item(response: Any, refusal: type[DomainError]) -> None:
    """It is of its kind and names one of its options."""
    with pytest.raises(refusal):
        stored_form(quiz().current, "i1", response)


def test_a_receipt_can_be_computed() -> None:
    """From what the learner got, by anyone who can compute SHA-256."""
    answer = SavedAnswer("i1", 3, StoredForm({"option_id": "1", "kind": "single_choice"}, ""), AT, 7)
    said = {"attempt": "attempt-ann:equations:1", "client_seq": 3, "item_id": "i1", "response": CHOSEN}
    plain = json.dumps({**said, "saved_at": "2026-03-02T09:00:00.000000Z"}, separators=(",", ":"), sort_keys=True)
    assert receipt("attempt-ann:equations:1", answer) == hashlib.sha256(plain.encode()).hexdigest()


def test_only_what_was_asked_is_marked() -> None:
    """An item without an answer has no points."""
    version = quiz().current
    marks = mark_items(version, ["i1", "i3", "i4"], {"i1": response_from(CHOSEN), "i3": None}, {})
    assert score_of(marks) == Score(1, 3)


def test_the_key_is_shown_when_it_is_due() -> None:
    """Not before the attempt is submitted, nor before others have had their turn, late ones too."""
    version = quiz(due_at=AT + DAY).current
    assert closed_at(version, Deadline(AT + DAY, over_at=RUN_ENDS)) == RUN_ENDS
    end = closed_at(version, Deadline(AT + DAY, accepted_until=AT + DAY, over_at=RUN_ENDS))
    assert end == AT + DAY
    answers = {"i1": SavedAnswer("i1", 1, StoredForm(CHOSEN, ""), AT, 7)}
    running = replay(QuizAttempt, STREAMS["attempt"], [started(), saved()])
    done = replay(QuizAttempt, STREAMS["attempt"], [started(), saved(), submitted("learner")])
    for attempt, at in ((running, AT), (running, AT + 2 * DAY), (done, AT)):
        first = shown(attempt, version, answers, now=at, closed_at=end).items[0]
        assert (first.earned, first.key) == (None, None)
    done.mark(mark_items(version, done.items, {"i1": response_from(CHOSEN)}, {}), version)
    items = shown(done, version, answers, now=AT, closed_at=end).items
    assert [each.earned for each in items] == ["1", "0", "0", "0"]
    assert shown(done, version, answers, now=AT + DAY, closed_at=end).items[0].key == CHOSEN
    never = quiz(rules=Rules(feedback=Feedback("never", "never", "never"))).current
    last = shown(done, never, answers, now=RUN_ENDS, closed_at=end).items[0]
    assert (last.earned, last.feedback, last.key) == (None, [], None)
