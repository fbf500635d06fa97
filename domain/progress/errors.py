"""What the rules of progress refuse."""

from domain.errors import Conflict, Forbidden, NotFound, Rejected
from domain.grading import OUTCOMES


class UnknownUnit(NotFound):
    """The course has no such unit."""

    code = "unknown_unit"
    template = "run {run_id} has no unit {unit_id}"


class OutcomeDecided(Conflict):
    """An outcome is decided once; a person revises it with a reason."""

    code = "outcome_decided"
    template = "the outcome of learner {learner_id} on run {run_id} is {outcome} already: give a `reason` to revise it"


class OutcomeOpen(Conflict):
    """A course is not failed while the learner can still pass."""

    code = "outcome_open"
    template = (
        "learner {learner_id} can still pass run {run_id}: attempts are left or grades are due; give a `reason` to"
        " decide on fail all the same"
    )


class BadAmount(Rejected):
    """An amount of activity below one."""

    code = "bad_amount"
    template = "an amount of activity is 1 to 1,000,000, not {amount}"


class NeedsAttempt(Conflict):
    """A learner cannot complete a unit with a score by hand: only an attempt that passes does."""

    code = "needs_attempt"
    template = "unit {unit_id} is of kind {kind}, with a score: it is completed by an attempt that passes, or by staff"


class NotByHand(Conflict):
    """A unit is completed by another rule than that the learner says so."""

    code = "not_by_hand"
    template = "unit {unit_id} is completed {how}, not by hand"


class UnitLocked(Conflict):
    """A unit comes after others, and not all of them are completed."""

    code = "unit_locked"
    template = "unit {unit_id} opens when unit {missing} is completed"


class NotWatchable(Conflict):
    """Only a video or a recording is watched."""

    code = "not_watchable"
    template = "unit {unit_id} is of kind {kind}, which is not watched: videos and recordings are"


class BadBatch(Rejected):
    """What a player says cannot be."""

    code = "bad_batch"
    template = "this cannot be what was watched of unit {unit_id}: {problem}"


class TooManyBatches(Conflict):
    """A player sends what was watched too often; it keeps what was not taken and sends it with the next batch."""

    code = "too_many_batches"
    template = (
        "what was watched of unit {unit_id} comes in too many batches: keep it, and send it with the next one in"
        " {seconds} s"
    )


class UnknownOutcome(Rejected):
    """Not one of the outcomes that a course can have."""

    code = "unknown_outcome"
    template = f"{{outcome!r}} is no outcome; these are: {', '.join(OUTCOMES)}"


class UnknownCredential(NotFound):
    """No credential was issued under this id."""

    code = "unknown_credential"
    template = "no credential was issued under the id {credential_id}"


class CredentialNotEarned(Conflict):
    """A credential says that a course was passed."""

    code = "credential_not_earned"
    template = "learner {learner_id} has not passed run {run_id}, so there is nothing to certify"


class NotTheHolder(Forbidden):
    """The holder alone gets a credential with the name: to all others, staff included, the holder is an id."""

    code = "not_the_holder"
    template = "only the holder of credential {credential_id} gets it with a name: ask without `name`"
