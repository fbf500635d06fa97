"""Use cases of regrades: what was foreseen comes, once, page by page, and can be taken back."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.command_bus.dry_run import DryRun
from commands.catalog import OpenRun, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.enrollment.transfer import TransferEnrollment
from commands.log import Context, Log
from commands.progress import CompleteUnit, DecideOutcome, FollowOutcomeByCredential
from commands.quiz import (
    CommitRegrade,
    ContinueRegrade,
    GradeAttempt,
    OverrideGrade,
    ProposeRegrade,
    PublishQuiz,
    SaveAnswer,
    StartAttempt,
    SubmitAttempt,
    regrading,
)
from commands.quiz.foreseeing import consequences
from commands.quiz.regrading import Wanted
from domain.grading import shown
from domain.late_policy import LatePolicy
from domain.progress import BY_STAFF, CourseProgress
from domain.quiz import Quiz, QuizAttempt
from domain.quiz.regrade import NewItem
from domain.quiz_errors import AlreadyCommitted
from tests.support.memory_log import MemoryLog, MemoryUnit
from tests.support.usecases import AT, END, ITEMS, RUN, START, Campus, react

QUIZ = PublishQuiz("timed", RUN, "q1", "Timed", items=ITEMS, key=[1, 0], time_limit=600, pass_bp=5_000)
LEARNERS = ("ann", "ben", "cid")
OTHER_KEY = {"kind": "single_choice", "shares": {"0": "1"}}
WRONG_KEY = Wanted("timed", items=(NewItem("i1", key=OTHER_KEY),))
PROPOSE = ProposeRegrade(WRONG_KEY, "the key was wrong", 3, 2)


async def sat(campus: Campus) -> None:
    """Three learners have answered: ann both right, ben the first only, cid nothing."""
    await campus.give(QUIZ)
    for learner, options in zip(LEARNERS, (("1", "0"), ("1", "1"), ()), strict=True):
        await campus.give(RequestEnrollment(learner, RUN), StartAttempt(learner, "timed"))
        for item_id, option in zip(("i1", "i2"), options, strict=False):
            response = {"kind": "single_choice", "option_id": option}
            await campus.give(SaveAnswer(learner, "timed", 1, item_id, 1, response))
        await campus.give(SubmitAttempt(learner, "timed"), GradeAttempt(learner, "timed"))


async def carried_out(campus: Campus, number: int) -> None:
    """Commit a regrade, and do what the reactor does until it is finished."""
    await campus.give(CommitRegrade("timed", number))
    last: dict[str, Any] = {}
    while not last.get("finished"):
        await campus.give(ContinueRegrade("timed", number))
        last = (await campus.log.stream("quiz-timed"))[-1].data


async def scores(campus: Campus) -> list[tuple[int, int, bool]]:
    """The score of each learner, by the facts, and whether it passes."""
    found = []
    for learner in LEARNERS:
        facts = await campus.log.stream(f"attempt-{learner}:timed:1")
        last = [fact.data for fact in facts if "score_bp" in fact.data][-1]
        found.append((last["points"], last["possible"], last["passed"]))
    return found


BEFORE = [(2, 2, True), (1, 2, True), (0, 2, False)]
AFTER = [(1, 2, True), (0, 2, False), (0, 2, False)]


async def test_a_wrong_key_is_corrected_and_taken_back(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow by pages; a second run changes nothing; the reverse restores every score."""
    monkeypatch.setattr(regrading, "PAGE", 2)
    await sat(campus)
    assert await scores(campus) == BEFORE
    (proposed,) = await campus.facts(PROPOSE)
    assert (proposed.data["regrade_no"], proposed.data["based_on"]) == (1, 0)
    assert await campus.repeats(PROPOSE)
    assert await scores(campus) == BEFORE
    await carried_out(campus, 1)
    assert await scores(campus) == AFTER
    types = [fact.type for fact in await campus.log.stream("attempt-cid:timed:1")]
    assert types[-1] == "attempt.graded"
    assert await campus.repeats(CommitRegrade("timed", 1))
    assert await campus.repeats(ContinueRegrade("timed", 1))
    assert await campus.refused(PROPOSE) == "bad_regrade"
    await campus.give(ProposeRegrade(Wanted("timed", undo=1), "it was right after all", 3, 2))
    await carried_out(campus, 2)
    assert await scores(campus) == BEFORE


async def test_a_regrade_that_changes_the_own_attempt_is_committed_by_others(campus: Campus) -> None:
    """Cid's is not changed by it; an attempt without a grade yet may be; all may propose, which changes nothing."""
    await sat(campus)
    await campus.give(RequestEnrollment("dan", RUN), StartAttempt("dan", "timed"))
    assert await campus.facts(PROPOSE, actor="ann")
    for actor in ("ann", "ben", "dan"):
        assert await campus.refused(CommitRegrade("timed", 1), actor=actor) == "own_matter"
    assert await campus.facts(CommitRegrade("timed", 1), actor="cid")
    assert await campus.repeats(CommitRegrade("timed", 1))


async def test_what_a_person_gave_stays(campus: Campus) -> None:
    """A grade that was overridden is kept; only the marks of its items follow."""
    await sat(campus)
    await campus.give(OverrideGrade("ann", "timed", 1, 3_000, "copied"), PROPOSE)
    await carried_out(campus, 1)
    assert await scores(campus) == [(3_000, 10_000, False), *AFTER[1:]]
    assert (await campus.log.stream("attempt-ann:timed:1"))[-1].type == "attempt.marked"


async def test_what_is_handed_in_at_once_after_it_has_the_new_key(campus: Campus) -> None:
    """Its items are marked, and no run of the regrade touches it."""
    await campus.give(replace(QUIZ, time_limit=None), RequestEnrollment("ann", RUN))
    await campus.give(PROPOSE, CommitRegrade("timed", 1), SubmitAttempt("ann", "timed", responses=[0, 0]))
    await campus.give(GradeAttempt("ann", "timed"))
    head = await campus.log.head()
    await campus.give(ContinueRegrade("timed", 1))
    facts = await campus.log.stream("attempt-ann:timed:1")
    assert [fact.type for fact in facts if fact.position > head] == []
    assert (facts[-1].data["points"], facts[-1].data["possible"]) == (2, 2)


async def test_what_is_submitted_later_has_the_new_key(campus: Campus) -> None:
    """It is marked once, and no run of the regrade touches it."""
    await campus.give(QUIZ, RequestEnrollment("ann", RUN), StartAttempt("ann", "timed"))
    await campus.give(SaveAnswer("ann", "timed", 1, "i1", 1, {"kind": "single_choice", "option_id": "0"}))
    await campus.give(PROPOSE, CommitRegrade("timed", 1), SubmitAttempt("ann", "timed"), GradeAttempt("ann", "timed"))
    head = await campus.log.head()
    await campus.give(ContinueRegrade("timed", 1))
    assert [fact.type for fact in await campus.log.read(head, 9)] == ["regrade.progressed"]
    stored = [fact for fact in await campus.log.stream("attempt-ann:timed:1") if fact.type == "attempt.graded"]
    assert (stored[0].data["points"], stored[0].data["possible"]) == (1, 2)


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        (Wanted("timed", items=(NewItem("i1", points="3"),)), [(2, 2, True), (3, 4, True), (0, 2, False)]),
        (Wanted("timed", pass_bp=6_000), [(2, 2, True), (1, 2, False), (0, 2, False)]),
        (Wanted("timed", late=LatePolicy("percent_a_day", 500)), BEFORE),
    ],
)
async def test_weights_and_policies_are_regraded(campus: Campus, wanted: Wanted, after: object) -> None:
    """A weight, the score to pass with, what being late costs; no one was late."""
    await sat(campus)
    await campus.give(ProposeRegrade(wanted, "as decided", 3, 0))
    await carried_out(campus, 1)
    assert await scores(campus) == after


async def test_an_attempt_that_was_never_started_follows_too(campus: Campus) -> None:
    """Answers that were handed in at once are marked by the items that they are for."""
    plain = replace(QUIZ, quiz_id="plain", time_limit=None)
    await campus.give(plain, RequestEnrollment("ann", RUN), SubmitAttempt("ann", "plain", 1, (1, 0)))
    await campus.give(GradeAttempt("ann", "plain"))
    await campus.give(ProposeRegrade(replace(WRONG_KEY, quiz_id="plain"), "wrong", 1, 1), CommitRegrade("plain", 1))
    await campus.give(ContinueRegrade("plain", 1))
    last = (await campus.log.stream("attempt-ann:plain:1"))[-1].data
    assert (last["old_points"], last["points"], last["possible"]) == (2, 1, 2)


async def test_an_attempt_that_was_never_started_is_regraded_more_than_once(campus: Campus) -> None:
    """It has the marks of all its items from the first regrade on; another one takes that back."""
    await campus.give(replace(QUIZ, time_limit=None), RequestEnrollment("ann", RUN))
    await campus.give(SubmitAttempt("ann", "timed", responses=[1, 0]), GradeAttempt("ann", "timed"))
    await campus.give(ProposeRegrade(WRONG_KEY, "the key was wrong", 1, 1))
    await carried_out(campus, 1)
    (marked,) = [fact for fact in await campus.log.stream("attempt-ann:timed:1") if fact.type == "attempt.marked"]
    assert sorted(each["item_id"] for each in marked.data["marks"]) == ["i1", "i2"]
    await campus.give(ProposeRegrade(Wanted("timed", undo=1), "it was right after all", 1, 1))
    await carried_out(campus, 2)
    last = [fact.data for fact in await campus.log.stream("attempt-ann:timed:1") if "score_bp" in fact.data][-1]
    assert (last["points"], last["possible"]) == (2, 2)


async def test_a_score_on_paper_stays(campus: Campus) -> None:
    """No key has found it: what it takes to pass may change, the score does not."""
    paper = PublishQuiz("paper", RUN, "q2", "Paper", kind="exam", time_limit=600)
    await campus.give(paper, RequestEnrollment("ann", RUN), StartAttempt("ann", "paper"), SubmitAttempt("ann", "paper"))
    assert await campus.refused(GradeAttempt("ann", "paper")) == "not_gradable"
    await campus.give(GradeAttempt("ann", "paper", score_bp=5_000))
    await campus.give(ProposeRegrade(Wanted("paper", pass_bp=6_000), "as decided", 1, 1), CommitRegrade("paper", 1))
    await campus.give(ContinueRegrade("paper", 1))
    last = (await campus.log.stream("attempt-ann:paper:1"))[-1]
    assert (last.data["score_bp"], last.data["points"]) == (5_000, 5_000)


async def test_what_regrades_refuse(campus: Campus) -> None:
    """What is not there, changes nothing, has no reason, or is based on what no longer holds."""
    await sat(campus)
    for wanted, code in (
        (replace(WRONG_KEY, version=7), "bad_regrade"),
        (replace(WRONG_KEY, items=(NewItem("i9", points="2"),)), "bad_regrade"),
        (replace(WRONG_KEY, items=[*WRONG_KEY.items, *WRONG_KEY.items]), "bad_regrade"),
        (replace(WRONG_KEY, items=(NewItem("i1", key={"kind": "true_false", "right": True}),)), "bad_question"),
        (replace(WRONG_KEY, items=(NewItem("i1", key={"kind": "none"}),)), "unreadable_question"),
        (Wanted("timed"), "bad_regrade"),
        (Wanted("timed", undo=1), "regrade_not_found"),
        (Wanted("none"), "quiz_not_found"),
    ):
        assert await campus.refused(replace(PROPOSE, wanted=wanted)) == code, wanted
    assert await campus.refused(replace(PROPOSE, reason=" ")) == "bad_regrade"
    assert await campus.refused(CommitRegrade("timed", 1)) == "regrade_not_found"
    await campus.give(PROPOSE, replace(PROPOSE, wanted=Wanted("timed", pass_bp=1)), CommitRegrade("timed", 2))
    assert await campus.refused(CommitRegrade("timed", 1)) == "regrade_outdated"


async def test_two_attempts_of_a_learner_in_one_page(campus: Campus) -> None:
    """What the page makes of the first one is known to the second: the unit has the score that is left."""
    await campus.give(replace(QUIZ, attempts_allowed=2), RequestEnrollment("ann", RUN))
    for number, chosen in enumerate(("0", "1"), 1):
        await campus.give(StartAttempt("ann", "timed"))
        await campus.give(SaveAnswer("ann", "timed", number, "i1", 1, {"kind": "single_choice", "option_id": "1"}))
        await campus.give(SaveAnswer("ann", "timed", number, "i2", 1, {"kind": "single_choice", "option_id": chosen}))
        await campus.give(SubmitAttempt("ann", "timed", number), GradeAttempt("ann", "timed", number))
    await campus.give(replace(PROPOSE, attempts=2))
    await carried_out(campus, 1)
    units = [(await campus.log.stream(f"attempt-ann:timed:{number}"))[-1].data["unit_points"] for number in (1, 2)]
    assert units == [1, 1]


@pytest.mark.parametrize(("learner", "credential"), [("ann", "replaced"), ("ben", "lost"), ("dan", "gained")])
async def test_what_is_foreseen_for_a_course_comes(campus: Campus, learner: str, credential: str) -> None:
    """Grade, outcome and credential, as the reactions make them: one says less, one is lost, one is issued."""
    await campus.give(QUIZ, RequestEnrollment(learner, RUN), StartAttempt(learner, "timed"))
    for item_id, option in zip(("i1", "i2"), {"ann": "10", "ben": "11", "dan": "00"}[learner], strict=True):
        response = {"kind": "single_choice", "option_id": option}
        await campus.give(SaveAnswer(learner, "timed", 1, item_id, 1, response))
    await campus.give(SubmitAttempt(learner, "timed"), GradeAttempt(learner, "timed"))
    exam = {"ann": 10_000, "ben": 3_500, "dan": 3_000}[learner]
    await campus.give(CompleteUnit(learner, RUN, "q2", "quiz_passed", exam))
    await follow(campus, learner)
    look = look_at(campus)
    head = await campus.log.head()
    _, changes = await regrading.preview(look, WRONG_KEY)
    found = await consequences(look, await look.read(Quiz, "quiz-timed"), changes)
    assert await campus.log.head() == head
    await campus.give(PROPOSE)
    await carried_out(campus, 1)
    await follow(campus, learner)
    progress = await look_at(campus).read(CourseProgress, f"progress-{learner}:{RUN}")
    follows = found[learner]
    assert follows.credential == credential
    assert (follows.after.outcome, follows.after.certified) == (progress.outcome, progress.certified)
    if progress.outcome:
        assert follows.after.grade is not None
        assert follows.after.grade.bp == progress.grade_bp


@pytest.mark.parametrize("excused", ["q1", "q2"])
async def test_what_is_foreseen_with_an_excused_unit_comes(campus: Campus, excused: str) -> None:
    """It has no part in the grade; if it is that of the quiz, it has one once it is passed by the regrade."""
    await campus.give(QUIZ, RequestEnrollment("ann", RUN), CompleteUnit("ann", RUN, excused, BY_STAFF))
    await campus.give(StartAttempt("ann", "timed"))
    response = {"kind": "single_choice", "option_id": "0"}
    await campus.give(SaveAnswer("ann", "timed", 1, "i1", 1, response), SubmitAttempt("ann", "timed"))
    await campus.give(GradeAttempt("ann", "timed"))
    if excused == "q1":
        await campus.give(CompleteUnit("ann", RUN, "q2", "quiz_passed", 8_000))
    await follow(campus, "ann")
    look = look_at(campus)
    _, changes = await regrading.preview(look, WRONG_KEY)
    follows = (await consequences(look, await look.read(Quiz, "quiz-timed"), changes))["ann"]
    grades = [None if each.grade is None else each.grade.bp for each in (follows.before, follows.after)]
    assert grades == ([8_000, 6_800] if excused == "q1" else [0, 5_000])
    await campus.give(PROPOSE)
    await carried_out(campus, 1)
    await follow(campus, "ann")
    progress = await look_at(campus).read(CourseProgress, f"progress-ann:{RUN}")
    assert (follows.after.outcome, progress.grade_bp) == (progress.outcome, grades[1])


@pytest.mark.parametrize("option", ["0", "1"])
async def test_a_transferred_learner_goes_by_the_new_run(campus: Campus, option: str) -> None:
    """What is foreseen there comes: a unit is completed and counts, or what was recognised before stays."""
    plan = ScheduleRun("algebra-next", "algebra", 1, START, END)
    await campus.give(plan, OpenRun("algebra-next"), QUIZ, RequestEnrollment("ann", RUN))
    await campus.give(StartAttempt("ann", "timed"))
    await campus.give(SaveAnswer("ann", "timed", 1, "i1", 1, {"kind": "single_choice", "option_id": option}))
    await react(campus, SubmitAttempt("ann", "timed"))
    await react(campus, TransferEnrollment("ann", RUN, "algebra-next", "works"))
    await react(campus, CompleteUnit("ann", "algebra-next", "q2", "instructor", 6_000))
    look = look_at(campus)
    _, changes = await regrading.preview(look, WRONG_KEY)
    follows = (await consequences(look, await look.read(Quiz, "quiz-timed"), changes))["ann"]
    assert follows.run_id == "algebra-next"
    await campus.give(PROPOSE)
    await react(campus, CommitRegrade("timed", 1))
    progress = await look_at(campus).read(CourseProgress, "progress-ann:algebra-next")
    assert progress.scores.keys() == {"q1", "q2"}
    assert (follows.after.outcome, follows.after.certified) == (progress.outcome, progress.certified)
    assert shown(follows.after.grade) == progress.grade_bp
    assert (follows.before == follows.after) is (option == "1")


async def test_a_preview_is_read_page_by_page(campus: Campus) -> None:
    """All who change are on a page, once, and those of one learner on the same; there is none after the commit."""
    await campus.give(replace(QUIZ, attempts_allowed=2))
    for learner, numbers in (("ann", (1,)), ("ann.b", (1, 2)), ("cid", ()), ("dan", (1,))):
        await campus.give(RequestEnrollment(learner, RUN))
        for number in numbers:
            await campus.give(StartAttempt(learner, "timed"))
            response = {"kind": "single_choice", "option_id": str(number % 2)}
            await campus.give(SaveAnswer(learner, "timed", number, "i1", 1, response))
            await campus.give(SubmitAttempt(learner, "timed", number), GradeAttempt(learner, "timed", number))
    look = look_at(campus)
    number, whole = await regrading.preview(look, WRONG_KEY)
    assert (number, len(whole)) == (4, 4)
    await campus.give(PROPOSE)
    pages, after, more = [], "", True
    while more:
        _, page, more = await regrading.previewed(look_at(campus), "timed", 1, after, 1)
        after = page[-1].attempt.id_of("learner_id")
        pages.append([(each.attempt.id, each.foreseen) for each in page])
    assert [each for page in pages for each in page] == [(each.attempt.id, each.foreseen) for each in whole]
    assert [len(page) for page in pages] == [2, 1, 1]
    await react(campus, CommitRegrade("timed", 1))
    for change in whole:
        attempt = await look_at(campus).read(QuizAttempt, change.attempt.id)
        assert (attempt.score, attempt.passed) == (change.foreseen.score, change.foreseen.passed)
    with pytest.raises(AlreadyCommitted):
        await regrading.previewed(look_at(campus), "timed", 1, "", 1)


def look_at(campus: Campus) -> Log:
    """A unit of work in which nothing is appended."""
    context = Context("test", AT)
    return MemoryUnit(campus.log, context) if isinstance(campus.log, MemoryLog) else DryRun(campus.log, context)


async def follow(campus: Campus, learner: str) -> None:
    """Do what the reactor does after the grade of an attempt: the unit, the outcome, the credential."""
    facts = await campus.log.stream(f"attempt-{learner}:timed:1")
    graded = [fact.data for fact in facts if fact.type in ("attempt.graded", "attempt.regraded")][-1]
    if graded["passed"]:
        await campus.give(CompleteUnit(learner, RUN, "q1", "quiz_passed", graded["points"], graded["possible"]))
    await campus.give(DecideOutcome(learner, RUN, 1))
    head = await campus.log.head()
    await campus.give(FollowOutcomeByCredential(learner, RUN, f"credential-{head}"))
