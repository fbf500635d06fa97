"""What the table says, case by case."""

from types import SimpleNamespace
from typing import Any

import pytest

from adapters.jwt import FACTOR, PROOFS, JwtClaims, claims_of
from api.http.policy.decision import Allowed, Refused, Thing, compiled, decide, held
from api.http.policy.rows import ROWS
from api.http.policy.words import Access, Kind, Relation, Row
from domain.consents import CONTACT, PURPOSES, RESEARCH

ANN = claims_of("ann")


def of(*roles: str, proofs: tuple[str, ...] = PROOFS, actor: str | None = None) -> Any:
    """A user with these roles, or an admin who acts as such a one."""
    return SimpleNamespace(subject="bob", roles=roles, proofs=proofs, actor=actor)


def test_what_has_no_row_is_refused() -> None:
    """To everyone."""
    for user in (None, ANN, of("admin")):
        assert decide("dropEverything", user, Thing()) is Refused.NO_ROW


def test_a_learner_sees_what_is_the_learner_s() -> None:
    """And of others nothing; a request without a user sees nothing."""
    assert decide("getLearnerDashboard", ANN, Thing("ann")) == Allowed(frozenset())
    assert decide("getLearnerDashboard", ANN, Thing("bob")) is Refused.NOT_THIS
    assert decide("getLearnerDashboard", None, Thing("ann")) is Refused.NO_ROLE
    assert decide("getRunDashboard", ANN, Thing(run_id="algebra-1")) is Refused.NO_ROLE


def test_a_role_holds_where_it_was_granted() -> None:
    """In a run, in all runs of a course, or everywhere; not for what is in no run."""
    run, other = Thing(run_id="a-1", course_id="a"), Thing(run_id="b-1", course_id="b")
    for role in ("instructor@run:a-1", "instructor@course:a", "instructor"):
        assert isinstance(decide("getRunGradebook", of(role), run), Allowed), role
    for role in ("instructor@run:a-1", "instructor@course:a"):
        assert decide("getRunGradebook", of(role), other) is Refused.NOT_THIS, role
        assert decide("getCampusOverview", of(role), Thing()) is Refused.NOT_THIS, role
        assert decide("getLearnerDashboard", of(role), Thing("ann")) is Refused.NOT_THIS, role
    assert decide("publishVersion", of("instructor@run:a-1"), Thing(course_id="a")) is Refused.NOT_THIS
    assert isinstance(decide("publishVersion", of("instructor@course:a"), Thing(course_id="a")), Allowed)


def test_a_role_in_a_run_counts_for_what_is_of_its_course() -> None:
    """Where the table says so: a bank of a course, and nothing else of it; one of the campus is of no course."""
    bank, other = Thing(course_id="a", taught=("course:a", "run:a-1")), Thing(taught=("course:b", "run:b-1"))
    for role in ("instructor@run:a-1", "instructor@course:a", "instructor", "admin"):
        assert isinstance(decide("changeQuestion", of(role), bank), Allowed), role
    for role in ("instructor@run:a-1", "instructor@course:a", "instructor@run:a-2"):
        assert decide("changeQuestion", of(role), other) is Refused.NOT_THIS, role
        assert decide("changeQuestion", of(role), Thing()) is Refused.NOT_THIS, role
    assert decide("publishVersion", of("instructor@run:a-1"), bank) is Refused.NOT_THIS
    assert decide("listQuestions", of("assistant@course:a"), bank) is Refused.NO_ROLE
    assert decide("changeQuestion", of("instructor@course:a", proofs=()), bank) is Refused.NO_FACTOR


def test_what_must_be_proved() -> None:
    """Staff need a second factor, for some actions within the last minutes; a learner's own needs neither."""
    grant = ("grantRole", Thing())
    assert decide(grant[0], of("admin", proofs=()), grant[1]) is Refused.NO_FACTOR
    assert decide(grant[0], of("admin", proofs=(FACTOR,)), grant[1]) is Refused.NO_STEP_UP
    assert isinstance(decide(grant[0], of("admin"), grant[1]), Allowed)
    assert isinstance(decide("listRoles", of("admin", proofs=(FACTOR,)), Thing()), Allowed)
    assert isinstance(decide("getLearnerDashboard", of("admin", proofs=()), Thing("bob")), Allowed)


def test_what_rests_on_a_consent() -> None:
    """The person in question must have given it, for that purpose; the staff need their proofs besides."""
    given, other = Thing("ann", consents=(CONTACT,)), Thing("ann", consents=(RESEARCH,))
    assert isinstance(decide("getLearnerContact", of("admin"), given), Allowed)
    for thing in (other, Thing("ann"), Thing()):
        assert decide("getLearnerContact", of("admin"), thing) is Refused.NO_CONSENT
    assert decide("getLearnerContact", of("admin", proofs=()), given) is Refused.NO_FACTOR
    assert decide("getLearnerContact", ANN, Thing("bob", consents=(CONTACT,))) is Refused.NO_ROLE
    assert {row.consent for row in ROWS} - {""} <= PURPOSES.keys()


def test_an_auditor_is_nothing_else() -> None:
    """No command whatever other roles there are, and no address where an order is paid, but for the own."""
    both = of("auditor", "admin")
    assert decide("createCourse", both, Thing()) is Refused.ONLY_READS
    assert decide("getOrder", both, Thing("ann")) == Allowed(frozenset({"checkout_url"}))
    assert decide("getOrder", both, Thing("bob")) == Allowed(frozenset())
    assert decide("getOrder", of("admin"), Thing("ann")) == Allowed(frozenset())


def test_everyone_but_a_service_learns() -> None:
    """Whatever the token says."""
    assert [each.role for each in held(("admin",))] == ["admin", "learner"]
    assert [each.role for each in held(("learner", "assistant@run:a"))] == ["assistant", "learner"]
    assert [each.role for each in held(("service",))] == ["service"]


def test_who_acts_as_a_learner_may_what_the_table_says() -> None:
    """Some of what the learner may, nothing else, and nothing that any role is shown less of."""
    acting = of("learner", actor="admin")
    for action in ("enroll", "getMyDashboard", "submitAttempt", "signOut"):
        assert isinstance(decide(action, acting, Thing("bob")), Allowed), action
    refused = {row.action for row in ROWS if decide(row.action, acting, Thing("bob")) is Refused.IMPERSONATED}
    assert refused >= {
        *("changePassword", "changeAddress", "beginApp", "addApp", "removeFactor", "beginPasskey", "makeRecoveryCodes"),
        *("issueToken", "revokeToken", "beginAppTokens", "createEventTicket", "confirm", "revokeSession"),
        *("placeOrder", "startPayment", "cancelOrder", "cancelSubscription", "changePlan", "resumeSubscription"),
        *("giveConsent", "withdrawConsent", "eraseAccount", "changeProfile", "getMyAccount", "getExportAccount"),
    }
    assert decide("impersonate", acting, Thing("ann")) is Refused.NO_ROLE
    assert decide("getLearnerDashboard", acting, Thing("ann")) is Refused.NOT_THIS
    assert decide("getOrder", acting, Thing("bob")) == Allowed(frozenset({"checkout_url"}))
    assert isinstance(decide("signIn", acting, Thing()), Allowed)


def test_an_action_has_one_row() -> None:
    """A second one would be an exception that no one finds."""
    row = Row("x", Kind.READ, {"admin": Access(Relation.ANY)})
    with pytest.raises(ValueError, match="two rows for x"):
        compiled([row, row])
    assert len(compiled(ROWS)) == len(ROWS)


def test_a_token_says_what_was_proved() -> None:
    """A development token stands for all of it; claims that are made without a word on it, for nothing."""
    assert ANN.proofs == PROOFS
    assert JwtClaims("ann", ("admin",), "Ann").proofs == ()
