"""The rules of quizzes and of attempts at them."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.quiz import (
    MAX_ITEMS,
    AlreadyGraded,
    AlreadySubmitted,
    AnswerCountMismatch,
    BadAttempt,
    BadQuiz,
    Item,
    NoAttemptsLeft,
    NotSubmitted,
    Quiz,
    QuizAttempt,
    QuizExists,
    QuizNotFound,
    Rules,
    attempt_stream,
    mark,
)
from domain.score import FULL, BadScore, Score
from tests.support.given import AT, STREAMS, Said, fact, given, replay

ITEMS = [Item("i1", "6 x 7?", ["36", "42"]), Item("i2", "6 + 7?", ["13", "42"])]
KEY = [1, 0]
PLAN: dict[str, Any] = {
    "run_id": "algebra-1",
    "unit_id": "q1",
    "kind": "quiz",
    "title": "Equations",
    "items": ITEMS,
    "key": KEY,
    "time_limit": None,
    "attempts_allowed": 2,
    "due_at": AT,
    "pass_bp": 5_000,
}
NO_RULES: dict[str, Any] = {"rules": Rules(), "sections": [], "questions": [], "keys": []}
KEY_HASHES = {
    "[1, 0]": "5aaf1e183f1faf12c327dc2fb8c223022f04684c61fc34533bff62e7e572c776",
    "[1, 1]": hashlib.sha256(b"[1,1]").hexdigest(),
    "[]": "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
}


def published(**other: Any) -> Said:
    contents = {**PLAN, **other}
    return fact(Quiz.Published, key_hash=KEY_HASHES[str(contents["key"])], **{"version": 1, **NO_RULES, **contents})


def publish(quiz: Quiz, **other: Any) -> None:
    quiz.publish(**{**PLAN, **other})


def the_quiz(**other: Any) -> Quiz:
    return replay(Quiz, STREAMS["quiz"], [published(**other)])


def submitted(responses: Sequence[int] = (1, 0), late_by: int = 0, **more: Any) -> Said:
    return fact(
        QuizAttempt.Submitted,
        run_id="algebra-1",
        unit_id="q1",
        late_by=late_by,
        responses=list(responses),
        **{"by": "learner", "banked": False, "quiz_version": 1, "started_at": None, **more},
        days_late=-(-late_by // 86_400),
    )


def graded(score: int | Score, *, passed: bool, policy: str = "person") -> Said:
    points, possible = score if isinstance(score, Score) else Score(score)
    return fact(
        QuizAttempt.Graded,
        run_id="algebra-1",
        unit_id="q1",
        score_bp=Score(points, possible).bp,
        passed=passed,
        policy=policy,
        points=points,
        possible=possible,
        given_points=points,
        given_possible=possible,
        unit_points=None,
        unit_possible=None,
        counted=None,
    )


def submit(attempt: QuizAttempt, responses: Sequence[int] = (1, 0), **quiz: Any) -> None:
    attempt.submit(the_quiz(**quiz), responses, by="learner", at=AT)


def test_a_quiz_is_published() -> None:
    """A quiz says what is asked, which answers are right, and by which limits."""
    given(Quiz).when(publish).then(published())


def test_publishing_the_same_quiz_again_changes_nothing() -> None:
    """The same contents are the same quiz."""
    given(Quiz, published()).when(publish).then()


@pytest.mark.parametrize("other", [{"run_id": "algebra-2"}, {"unit_id": "q2"}, {"kind": "exam"}])
def test_the_id_of_a_quiz_is_taken_once(other: dict[str, Any]) -> None:
    """A quiz stays in its unit and of its kind."""
    given(Quiz, published()).when(lambda quiz: publish(quiz, **other)).refused(QuizExists, quiz_id="equations")


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Inequations"},
        {"key": [1, 1]},
        {"items": [], "key": []},
        {"time_limit": 600, "rules": Rules(must_start=True)},
        {"attempts_allowed": 3},
        {"due_at": None},
        {"pass_bp": 4_000},
    ],
)
def test_a_quiz_that_is_changed_has_a_new_version(other: dict[str, Any]) -> None:
    """Whatever is different; both versions stay."""
    given(Quiz, published()).when(lambda quiz: publish(quiz, **other)).then(published(version=2, **other))


def test_a_quiz_without_items() -> None:
    """An essay or an exam on paper has nothing that could be marked by a key."""
    given(Quiz).when(lambda quiz: publish(quiz, items=[], key=[])).then(published(items=[], key=[]))


@pytest.mark.parametrize(
    ("items", "key", "facts"),
    [
        (ITEMS, [1], {}),
        (ITEMS, [1, 0, 0], {}),
        (ITEMS, [1, 2], {"item_id": "i2"}),
        (ITEMS, [-1, 0], {"item_id": "i1"}),
        ([Item("i1", "?", [])], [0], {"item_id": "i1"}),
        ([ITEMS[0], ITEMS[0]], [1, 1], {}),
        ([Item(f"i{number}", "?", ["!"]) for number in range(MAX_ITEMS + 1)], [0] * (MAX_ITEMS + 1), {}),
    ],
)
def test_items_and_key_agree(items: list[Item], key: list[int], facts: dict[str, Any]) -> None:
    """Each item is listed once and has one right option among those that it offers."""
    given(Quiz).when(lambda quiz: publish(quiz, items=items, key=key)).refused(BadQuiz, **facts)


@pytest.mark.parametrize("limit", [{"time_limit": 0}, {"attempts_allowed": 0}, {"pass_bp": -1}, {"pass_bp": FULL + 1}])
def test_limits_make_sense(limit: dict[str, int]) -> None:
    """There is a second of time and an attempt at least, and passing takes a score that can be had."""
    given(Quiz).when(lambda quiz: publish(quiz, **limit)).refused(BadQuiz, **limit)


def test_an_attempt_is_handed_in() -> None:
    """An attempt is what was answered, when it was not late."""
    given(QuizAttempt).when(submit).then(submitted())


def test_an_unanswered_question_is_an_answer() -> None:
    """Who leaves a question out says so by -1."""
    given(QuizAttempt).when(lambda attempt: submit(attempt, (-1, 0))).then(submitted((-1, 0)))


@pytest.mark.parametrize(
    ("delay", "late_by"), [(timedelta(days=-1), 0), (timedelta(milliseconds=999), 0), (timedelta(hours=1), 3_600)]
)
def test_being_late_is_part_of_the_fact(delay: timedelta, late_by: int) -> None:
    """A late attempt is taken, and tells by how many whole seconds it was late."""
    given(QuizAttempt).when(lambda attempt: attempt.submit(the_quiz(), (1, 0), by="learner", at=AT + delay)).then(
        submitted(late_by=late_by)
    )


def test_without_a_deadline_nobody_is_late() -> None:
    """A quiz that is never due is always in time."""
    given(QuizAttempt).when(lambda attempt: submit(attempt, due_at=None)).then(submitted())


def test_a_result_can_be_banked() -> None:
    """A result that was taken over from an earlier run says so."""
    given(QuizAttempt).when(
        lambda attempt: attempt.submit(the_quiz(items=[], key=[]), (), by="import", at=AT, banked=True)
    ).then(submitted((), by="import", banked=True))


def test_there_is_no_attempt_at_no_quiz() -> None:
    """A quiz has to be published first."""
    given(QuizAttempt).when(
        lambda attempt: attempt.submit(Quiz.blank("quiz-equations"), (), by="learner", at=AT)
    ).refused(QuizNotFound, quiz_id="equations")


@pytest.mark.parametrize("responses", [(), (1,), (1, 0, 0)])
def test_every_question_gets_one_answer(responses: tuple[int, ...]) -> None:
    """There are as many answers as questions."""
    given(QuizAttempt).when(lambda attempt: submit(attempt, responses)).refused(
        AnswerCountMismatch, answers=len(responses), questions=2
    )


def test_the_last_attempt_is_an_attempt() -> None:
    """All the attempts that a quiz allows can be used."""
    given(QuizAttempt, stream=attempt_stream("ann", "equations", 2)).when(submit).then(submitted())


def test_attempts_run_out() -> None:
    """There are no more attempts than the quiz allows."""
    given(QuizAttempt, stream=attempt_stream("ann", "equations", 3)).when(submit).refused(
        NoAttemptsLeft, quiz_id="equations", attempts_allowed=2
    )


@pytest.mark.parametrize("attempt_no", [0, -1])
def test_attempts_count_from_one(attempt_no: int) -> None:
    """An attempt number below 1 is refused."""
    given(QuizAttempt, stream=attempt_stream("ann", "equations", attempt_no)).when(submit).refused(
        BadAttempt, attempt_no=attempt_no
    )


def test_history_may_have_had_more_attempts() -> None:
    """An attempt too many that was handed in long ago is kept, and marked."""
    stream = attempt_stream("ann", "equations", 3)
    given(QuizAttempt, stream=stream, importing=True).when(submit).then(submitted(irregular="no_attempts_left"))


def test_the_mark_of_one_fact_does_not_pass_to_the_next() -> None:
    """Handing in again what was one too many changes nothing, and does not make the grade irregular."""

    def again_and_grade(attempt: QuizAttempt) -> None:
        submit(attempt)
        attempt.grade(Score(FULL), 5_000, "person")

    stream = attempt_stream("ann", "equations", 3)
    given(QuizAttempt, submitted(irregular="no_attempts_left"), stream=stream, importing=True).when(
        again_and_grade
    ).then(graded(FULL, passed=True))


def test_handing_in_the_same_twice_changes_nothing() -> None:
    """The same answers again are the same attempt, however late it is by then."""
    given(QuizAttempt, submitted()).when(
        lambda attempt: attempt.submit(the_quiz(), (1, 0), by="learner", at=AT + timedelta(days=9))
    ).then()


def test_other_answers_are_another_attempt() -> None:
    """What was handed in is not changed."""
    given(QuizAttempt, submitted()).when(lambda attempt: submit(attempt, (1, 1))).refused(
        AlreadySubmitted, attempt_no=1
    )


@pytest.mark.parametrize(("score_bp", "passed"), [(0, False), (4_999, False), (5_000, True), (FULL, True)])
def test_an_attempt_is_graded(score_bp: int, *, passed: bool) -> None:
    """A score from the pass mark on has passed."""
    given(QuizAttempt, submitted()).when(lambda attempt: attempt.grade(Score(score_bp), 5_000, "person")).then(
        graded(score_bp, passed=passed)
    )


def test_only_what_was_handed_in_is_graded() -> None:
    """There is no grade for nothing."""
    given(QuizAttempt).when(lambda attempt: attempt.grade(Score(5_000), 5_000, "person")).refused(
        NotSubmitted, attempt="attempt-ann:equations:1"
    )


@pytest.mark.parametrize(("responses", "points", "passed"), [((1, 0), 2, True), ((-1, 1), 0, False)])
def test_an_attempt_is_graded_by_the_key(responses: tuple[int, int], points: int, *, passed: bool) -> None:
    """The key says which answers are right, and the quiz with how many of them one passes."""
    given(QuizAttempt, submitted(responses)).when(lambda attempt: attempt.grade_by_key(the_quiz())).then(
        graded(Score(points, 2), passed=passed, policy="exact_match")
    )


def test_the_key_grades_only_what_was_handed_in() -> None:
    """Not handed in is not the same as answered wrongly, or too briefly."""
    given(QuizAttempt).when(lambda attempt: attempt.grade_by_key(the_quiz())).refused(
        NotSubmitted, attempt="attempt-ann:equations:1"
    )


@pytest.mark.parametrize("score_bp", [-1, FULL + 1])
def test_a_score_is_a_share_of_the_whole(score_bp: int) -> None:
    """A score is 0 to 10,000 basis points."""
    given(QuizAttempt, submitted()).when(lambda attempt: attempt.grade(Score(score_bp), 5_000, "person")).refused(
        BadScore, score_bp=score_bp
    )


def test_giving_the_same_grade_again_changes_nothing() -> None:
    """The same score is the same grade."""
    given(QuizAttempt, submitted(), graded(7_000, passed=True)).when(
        lambda attempt: attempt.grade(Score(7_000), 5_000, "exact_match")
    ).then()


def test_a_grade_is_given_once() -> None:
    """Changing a grade is not grading."""
    given(QuizAttempt, submitted(), graded(7_000, passed=True)).when(
        lambda attempt: attempt.grade(Score(7_001), 5_000, "person")
    ).refused(AlreadyGraded, attempt=STREAMS["attempt"], score_bp=7_000)


@pytest.mark.parametrize(
    ("answers", "key", "score"),
    [
        ([1, 0], [1, 0], Score(2, 2)),
        ([1, 1], [1, 0], Score(1, 2)),
        ([-1, -1], [1, 0], Score(0, 2)),
        ([0, 1, 1], [0, 0, 0], Score(1, 3)),
        ([], [], Score(0)),
    ],
)
def test_marking_counts_what_is_right(answers: list[int], key: list[int], score: Score) -> None:
    """The score has a point for each right answer; nothing is rounded."""
    assert mark(answers, key) == score


@pytest.mark.parametrize(("mark_bp", "passed"), [(6_666, True), (6_667, False)])
def test_a_score_is_compared_before_it_is_rounded(mark_bp: int, *, passed: bool) -> None:
    """2 of 3 are shown as 6,667 basis points, and are less."""
    given(QuizAttempt, submitted()).when(lambda attempt: attempt.grade(Score(2, 3), mark_bp, "person")).then(
        graded(Score(2, 3), passed=passed)
    )


@pytest.mark.parametrize("kind", ["homework", "page", "quizz"])
def test_a_quiz_is_of_a_kind_that_has_a_score(kind: str) -> None:
    """The kinds are a closed set."""
    given(Quiz).when(lambda quiz: publish(quiz, kind=kind)).refused(BadQuiz, kind=kind)


def test_a_kind_may_be_written_in_capitals() -> None:
    """`Quiz` is a quiz."""
    given(Quiz).when(lambda quiz: publish(quiz, kind="Quiz")).then(published(kind="quiz"))


def test_a_stored_quiz_keeps_its_word() -> None:
    """A quiz that was published with another word for its kind can be published again by the same command."""
    given(Quiz, published(kind="homework")).when(lambda quiz: publish(quiz, kind="homework")).then()


def test_marking_takes_an_answer_for_each_question() -> None:
    """Too few answers are refused: they could not be distinguished from wrong ones."""
    with pytest.raises(AnswerCountMismatch):
        mark([1], [1, 0])
