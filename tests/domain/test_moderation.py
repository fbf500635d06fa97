"""Rules of moderation: reports and their cases, decisions, notices and appeals."""

from domain.forum import RemovalGround
from domain.forum.moderation import Decision, Moderation, ReportGround
from domain.forum.moderation_errors import (
    AlreadyReported,
    AppealDecided,
    AppealedBefore,
    BadWords,
    CaseClosed,
    CaseNotFound,
    DecidedByYou,
    DecisionNotFound,
    NoAppeal,
    NothingToContest,
    ReportDecided,
    ReportNotFound,
)
from domain.forum.notice import Notice
from domain.forum.report import MOST_WORDS, Report
from tests.support.given import Said, fact, given

POST = {"thread_id": "t1", "post_no": 2}
CASE = {**POST, "case_no": 1}
OF = {"run_id": "algebra-1", "author_id": "bob"}


def reported(case_no: int = 1, report_no: int = 1) -> Said:
    return fact(Moderation.Reported, **OF, case_no=case_no, report_no=report_no, ground="rude")


def decided(decision: str = "removed", ground: str | None = "rude", case_no: int = 1) -> Said:
    return fact(Moderation.Decided, **OF, case_no=case_no, decision=decision, ground=ground, decided_by="eva")


APPEALED = fact(Moderation.Appealed, run_id="algebra-1", case_no=1)


def test_reports_of_a_post_are_one_case_until_it_is_decided() -> None:
    """The next report opens the next case."""

    def report(moderation: Moderation) -> tuple[int, int]:
        return moderation.report("algebra-1", "bob", ReportGround.RUDE)

    given(Moderation).when(report).then(reported(), answer=(1, 1))
    given(Moderation, reported()).when(report).then(reported(1, 2), answer=(1, 2))
    given(Moderation, reported(), decided()).when(report).then(reported(2, 2), answer=(2, 2))


def test_a_report_is_taken_back_before_it_is_decided() -> None:
    """A second time, or after the decision, changes nothing on the side of the post."""
    back = fact(Moderation.ReportWithdrawn, case_no=1, report_no=1)
    given(Moderation, reported()).when(lambda it: it.withdraw_report(1)).then(back)
    given(Moderation, reported(), back).when(lambda it: it.withdraw_report(1)).then()
    given(Moderation, reported(), decided()).when(lambda it: it.withdraw_report(1)).then()
    given(Moderation, reported(), back).when(
        lambda it: it.decide(1, "algebra-1", "bob", Decision.DISMISSED, None, "eva")
    ).refused(CaseNotFound, **CASE)


def test_a_case_is_decided_once() -> None:
    """The same decision once more changes nothing, another one is refused, as is one about what does not wait."""

    def dismiss(moderation: Moderation) -> None:
        moderation.decide(1, "algebra-1", "bob", Decision.DISMISSED, None, "eva")

    given(Moderation, reported()).when(dismiss).then(decided("dismissed", None))
    given(Moderation, reported(), decided("dismissed", None)).when(dismiss).then()
    given(Moderation, reported(), decided()).when(dismiss).refused(CaseClosed, **CASE, decision="removed")
    given(Moderation).when(dismiss).refused(CaseNotFound, **CASE)


def test_a_word_list_opens_a_case_once() -> None:
    """A second word changes nothing, and a decision closes it."""
    flag = fact(Moderation.Flagged, **OF, case_no=1, lists=["run"])

    def flagged(moderation: Moderation) -> None:
        moderation.flag("algebra-1", "bob", ["run"])

    given(Moderation).when(flagged).then(flag)
    given(Moderation, flag).when(flagged).then()
    given(Moderation, flag).when(
        lambda it: it.decide(1, "algebra-1", "bob", Decision.WARNED, RemovalGround.RUDE, "eva")
    ).then(decided("warned"))


def test_staff_who_remove_a_post_close_what_waits() -> None:
    """Or make a case of it, so that its author can appeal."""

    def remove(moderation: Moderation) -> int:
        return moderation.decide_now("algebra-1", "bob", RemovalGround.RUDE, "eva")

    given(Moderation).when(remove).then(decided(), answer=1)
    given(Moderation, reported()).when(remove).then(decided(), answer=1)
    given(Moderation, reported(), decided("dismissed", None)).when(remove).then(decided(case_no=2), answer=2)


def test_an_appeal_is_decided_by_another_one_of_the_staff() -> None:
    """By the same one only where there is no other; once."""

    def decide(by: str, *, upheld: bool = True, others: bool = True) -> object:
        return lambda it: it.decide_appeal(1, "algebra-1", by, upheld=upheld, others=others)

    said = {"run_id": "algebra-1", "case_no": 1, "upheld": True}
    contested = given(Moderation, decided(), APPEALED)
    contested.when(decide("eva")).refused(DecidedByYou, **CASE)  # type: ignore[arg-type]
    contested.when(decide("mei")).then(fact(Moderation.AppealDecided, **said, decided_by="mei"))  # type: ignore[arg-type]
    given(Moderation, decided(), APPEALED).when(decide("eva", others=False)).then(  # type: ignore[arg-type]
        fact(Moderation.AppealDecided, **said, decided_by="eva")
    )
    after = (decided(), APPEALED, fact(Moderation.AppealDecided, **said, decided_by="mei"))
    given(Moderation, *after).when(decide("mei")).then()  # type: ignore[arg-type]
    given(Moderation, *after).when(decide("mei", upheld=False)).refused(AppealDecided, **CASE)  # type: ignore[arg-type]
    given(Moderation, decided()).when(decide("mei")).refused(NoAppeal, **CASE)  # type: ignore[arg-type]


def test_what_is_contested_was_decided_against_the_post() -> None:
    """A dismissal is not, and neither is what waits."""

    def appeal(moderation: Moderation) -> None:
        moderation.appeal(1, "algebra-1")

    given(Moderation, decided()).when(appeal).then(APPEALED)
    given(Moderation, decided(), APPEALED).when(appeal).then()
    given(Moderation, reported()).when(appeal).refused(NothingToContest, **CASE)
    given(Moderation, reported(), decided("dismissed", None)).when(appeal).refused(NothingToContest, **CASE)


def test_a_later_removal_stands() -> None:
    """A post is shown again by an appeal only if no other decision has removed it since."""

    def why(moderation: Moderation) -> bool:
        return moderation.was_why_removed(1)

    given(Moderation, decided()).when(why).then(answer=True)
    given(Moderation, decided("warned")).when(why).then(answer=False)
    given(Moderation, decided(), decided(case_no=2)).when(why).then(answer=False)
    given(Moderation, decided(), decided("warned", case_no=2)).when(why).then(answer=True)


FILED = fact(Report.Filed, run_id="algebra-1", case_no=1, report_no=1, ground="rude", words="It insults me.")
BACK = fact(Report.Withdrawn, case_no=1, report_no=1)


def test_a_person_reports_a_post_once() -> None:
    """Once more changes nothing while it waits; what was taken back may be reported again, what was decided not."""
    given(Report).when(lambda it: it.waits(decided=False)).then(answer=False)
    given(Report, FILED).when(lambda it: it.waits(decided=False)).then(answer=True)
    given(Report, FILED, BACK).when(lambda it: it.waits(decided=True)).then(answer=False)
    given(Report, FILED).when(lambda it: it.waits(decided=True)).refused(AlreadyReported, **POST)
    given(Report).when(lambda it: it.file("algebra-1", 1, 1, "rude", " It insults me. ")).then(FILED)
    given(Report).when(lambda it: it.file("algebra-1", 1, 1, "rude", "x" * 2_001)).refused(BadWords, most=MOST_WORDS)


def test_a_report_is_withdrawn_by_who_has_made_it() -> None:
    """Before it is decided; a second time changes nothing."""
    given(Report, FILED).when(lambda it: it.withdraw(decided=False)).then(BACK)
    given(Report, FILED, BACK).when(lambda it: it.withdraw(decided=True)).then()
    given(Report, FILED).when(lambda it: it.withdraw(decided=True)).refused(ReportDecided, **POST)
    given(Report).when(lambda it: it.withdraw(decided=False)).refused(ReportNotFound, **POST)


def test_an_author_appeals_once() -> None:
    """Against a decision that the author has been sent, with words."""
    sent = fact(Notice.Given, run_id="algebra-1", case_no=1, decision="removed", ground="rude", words="Be kind.")
    said = fact(Notice.Appealed, case_no=1, words="I was quoting.")
    given(Notice).when(lambda it: it.appeal(1, "No.")).refused(DecisionNotFound, **CASE)
    given(Notice, sent).when(lambda it: it.appeal(1, "I was quoting.")).then(said)
    given(Notice, sent).when(lambda it: it.appeal(1, " ")).refused(BadWords, most=MOST_WORDS)
    given(Notice, sent, said).when(lambda it: it.appeal(1, "And more.")).refused(AppealedBefore, **CASE)
    answer = fact(Notice.AppealAnswered, case_no=1, upheld=True, words="You were.")
    given(Notice, sent, said).when(lambda it: it.answer(1, "You were.", upheld=True)).then(answer)
