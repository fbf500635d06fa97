"""The credential of a passed course: it says what the outcome says, and staff may revoke it."""

from collections.abc import Callable

import pytest

from domain.progress import (
    BY_RULE,
    BY_STAFF,
    OUTCOME_REVISED,
    CourseProgress,
    CredentialNotEarned,
    IssuedCredential,
)
from tests.domain.test_progress import decided, revised
from tests.support.given import Said, fact, given

COURSE = ("algebra", 1, "Algebra")


def issued(credential_id: str, outcome: str = "pass", grade_bp: int | None = 7_000) -> Said:
    return fact(
        CourseProgress.CredentialIssued,
        credential_id=credential_id,
        outcome=outcome,
        grade_bp=grade_bp,
        course_id="algebra",
        course_version=1,
        course_title="Algebra",
        letter=None,
    )


def revoked(credential_id: str, policy: str = BY_RULE, reason: str = OUTCOME_REVISED) -> Said:
    return fact(CourseProgress.CredentialRevoked, credential_id=credential_id, policy=policy, reason=reason)


def follow(credential_id: str) -> Callable[[CourseProgress], None]:
    return lambda progress: progress.follow_outcome(credential_id, *COURSE)


PASSED = decided("pass")
FAILED_LATER = revised("pass", "fail", "appeal", grades=(7_000, 3_000), policy=BY_STAFF)


def test_who_passes_gets_one() -> None:
    """With what the document will say, also when the course has another title."""
    given(CourseProgress, PASSED).when(follow("a")).then(issued("a"))


@pytest.mark.parametrize("facts", [(), (decided("fail"),), (PASSED, issued("a"))])
def test_nothing_follows(facts: tuple[Said, ...]) -> None:
    """From no outcome, from one that is no pass, and from the one that is certified, however often it is said."""
    given(CourseProgress, *facts).when(follow("b")).then()


def test_another_grade_replaces_it() -> None:
    """What is passed on says what is so."""
    better = revised("pass", "distinction", "regraded", grades=(7_000, 9_000))
    given(CourseProgress, PASSED, issued("a"), better).when(follow("b")).then(
        revoked("a"), issued("b", "distinction", 9_000)
    )


def test_a_failed_course_has_none() -> None:
    """And a second look changes nothing; passing again issues another one, be it with the same grade."""
    facts = (PASSED, issued("a"), FAILED_LATER)
    given(CourseProgress, *facts).when(follow("b")).then(revoked("a"))
    given(CourseProgress, *facts, revoked("a")).when(follow("b")).then()
    again = revised("fail", "pass", "appeal", grades=(3_000, 7_000), policy=BY_STAFF)
    given(CourseProgress, *facts, revoked("a"), again).when(follow("c")).then(issued("c"))


def test_staff_revoke_it() -> None:
    """Once; a credential of before is not revoked a second time."""
    revoke = revoked("a", BY_STAFF, "the wrong person")
    given(CourseProgress, PASSED, issued("a")).when(lambda it: it.revoke_credential("a", "the wrong person")).then(
        revoke
    )
    given(CourseProgress, PASSED, issued("a"), revoke).when(lambda it: it.revoke_credential("a", "again")).then()


def test_what_staff_revoked_stays_so() -> None:
    """Until the outcome is revised, or they issue another one; a reaction that comes late issues none."""
    facts = (PASSED, issued("a"), revoked("a", BY_STAFF, "the wrong person"))
    given(CourseProgress, *facts).when(follow("b")).then()
    given(CourseProgress, *facts).when(lambda it: it.issue_credential("b", *COURSE)).then(issued("b"))
    better = revised("pass", "distinction", "regraded", grades=(7_000, 9_000))
    given(CourseProgress, *facts, better).when(follow("b")).then(issued("b", "distinction", 9_000))


def test_staff_issue_what_was_earned() -> None:
    """One that is valid stays the only one."""
    given(CourseProgress, PASSED, issued("a")).when(lambda it: it.issue_credential("b", *COURSE)).then()
    for facts in ((), (decided("fail"),)):
        given(CourseProgress, *facts).when(lambda it: it.issue_credential("b", *COURSE)).refused_because(
            CredentialNotEarned, "has not passed run algebra-1"
        )


def test_an_id_is_of_one_learner() -> None:
    """Said once."""
    said = fact(IssuedCredential.Registered, learner_id="ann", run_id="algebra-1")
    given(IssuedCredential).when(lambda it: it.register("ann", "algebra-1")).then(said)
    given(IssuedCredential, said).when(lambda it: it.register("ann", "algebra-1")).then()
