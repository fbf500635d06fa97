"""What a refusal of the table is called over HTTP."""

from adapters.jwt import SHORT_PASSWORD, JwtClaims
from api.http.policy.decision import RULES, Refused, Thing, held
from api.http.policy.words import ADMIN, AUDITOR, LEARNER, Relation
from api.http.step_up import StepUpNeeded
from domain.auth import STEP_UP
from domain.consents import PURPOSES
from domain.errors import Forbidden, OwnMatter
from domain.passwords import SHORTEST_OF_STAFF
from domain.user_errors import ConsentNeeded


class NoPolicy(Forbidden):
    """The table has no row for this."""

    code = "no_policy"
    template = "no rule says who may do this, so no one may: {action} has no row in the policy"


class NotYours(Forbidden):
    """Learners see and act for themselves only; whose something is may be just what they must not know."""

    code = "not_yours"
    template = "only the learner whom it is about and the staff may do this"


class StaffOnly(Forbidden):
    """Only instructors and admins may do this, or see it, which auditors may, too."""

    code = "staff_only"
    template = "this is for instructors and admins"


class NotYourRun(Forbidden):
    """The user has a role elsewhere that would allow this here."""

    code = "not_your_run"
    template = "this is for the staff of that run or course: your role as {role} holds elsewhere"


class AdminsOnly(Forbidden):
    """Only admins may do this, or see it, which auditors may, too."""

    code = "admins_only"
    template = "this is for admins"


class AuditorsOnlyRead(Forbidden):
    """An auditor has sent a command."""

    code = "auditors_only_read"
    template = "auditors read everything and send no commands: one of the staff has to send it"


class StaffNeedFactor(Forbidden):
    """The role of the user counts with a second factor only."""

    code = "second_factor_needed"
    template = "your role counts with a second factor only: add one (POST /v1/auth/factors/app), and sign in with it"


class StaffNeedLongerPassword(Forbidden):
    """The password of the account is too short for the role of the user."""

    code = "longer_password_needed"
    template = "your role counts with a password of {least} characters or more: choose one (POST /v1/auth/password)"


class NotImpersonating(Forbidden):
    """An admin who acts as a learner has asked for what only the learner may."""

    code = "not_while_impersonating"
    template = "while you act as a learner you may not do this: POST /v1/auth/impersonation/end brings you back"


_PLAIN: dict[Refused, type[Forbidden]] = {
    Refused.ONLY_READS: AuditorsOnlyRead,
    Refused.NO_FACTOR: StaffNeedFactor,
    Refused.IMPERSONATED: NotImpersonating,
}


CONDITIONS = frozenset((Refused.NO_CONSENT, Refused.NO_STEP_UP, Refused.OWN_MATTER, *_PLAIN))


def _of_condition(verdict: Refused, action: str, user: JwtClaims, thing: Thing) -> Forbidden:
    """What is raised where a role would do, and something is missing beside it."""
    if verdict is Refused.NO_FACTOR and SHORT_PASSWORD in user.proofs:
        return StaffNeedLongerPassword(least=SHORTEST_OF_STAFF)
    if verdict is Refused.NO_STEP_UP:
        return StepUpNeeded(minutes=int(STEP_UP.total_seconds()) // 60)
    if verdict is Refused.NO_CONSENT:
        purpose = RULES[action].row.consent
        return ConsentNeeded(learner_id=thing.learner_id, purpose=purpose, version=PURPOSES[purpose].version)
    if verdict is Refused.OWN_MATTER:
        return OwnMatter(learner_id=thing.learner_id)
    return _PLAIN[verdict]()


def error_of(verdict: object, action: str, user: JwtClaims, thing: Thing) -> Forbidden:
    """What is raised for what the table has said."""
    if isinstance(verdict, Refused) and verdict in CONDITIONS:
        return _of_condition(verdict, action, user, thing)
    if action not in RULES:
        return NoPolicy(action=action)
    cells = RULES[action].cells
    elsewhere = [each.role for each in held(user.roles) if not each.is_everywhere and each.role in cells]
    if elsewhere:
        return NotYourRun(role=elsewhere[0])
    if LEARNER in cells and cells[LEARNER].relation is Relation.SELF and thing.learner_id is not None:
        return NotYours()
    staff = cells.keys() - {LEARNER, ADMIN, AUDITOR}
    return StaffOnly() if staff else AdminsOnly()
