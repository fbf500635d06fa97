"""
The verbs of statements: those of ADL where one says what the fact says, else one of this campus.

Sources: the vocabulary of ADL (adlnet.gov/expapi/verbs), that of cmi5 (w3id.org/xapi/adl/verbs).
"""

from typing import NamedTuple

ADL = "http://adlnet.gov/expapi/verbs/"
CMI5 = "https://w3id.org/xapi/adl/verbs/"


class Verb(NamedTuple):
    """The id of a verb, an IRI, and how it is read in English."""

    iri: str
    display: str


def _adl(word: str) -> Verb:
    return Verb(ADL + word, word)


ANSWERED = _adl("answered")
PASSED, FAILED, EXITED = _adl("passed"), _adl("failed"), _adl("exited")
PASSED_OR_FAILED = "passed or failed"
"""Stands for the one or the other, as the fact says."""

VERBS: dict[str, Verb | str] = {
    "enrollment.requested": _adl("asked"),
    "enrollment.activated": _adl("registered"),
    "enrollment.reactivated": _adl("resumed"),
    "enrollment.suspended": _adl("suspended"),
    "enrollment.resumed": _adl("resumed"),
    "enrollment.withdrawn": EXITED,
    "enrollment.completed": _adl("completed"),
    "admission.prerequisites_waived": Verb(CMI5 + "waived", "waived"),
    "progress.unit_opened": _adl("experienced"),
    "progress.activity_recorded": _adl("interacted"),
    "progress.unit_completed": _adl("completed"),
    "progress.course_outcome_decided": PASSED_OR_FAILED,
    "progress.course_outcome_revised": PASSED_OR_FAILED,
    "lti_result.scored": _adl("scored"),
    "attempt.started": _adl("attempted"),
    "attempt.answer_saved": ANSWERED,
    "attempt.submitted": _adl("terminated"),
    "attempt.graded": PASSED_OR_FAILED,
    "attempt.grade_overridden": PASSED_OR_FAILED,
    "attempt.regraded": PASSED_OR_FAILED,
}


def verb_of(fact_type: str, here: str, *, has_passed: bool | None) -> Verb:
    """
    The verb for a kind of fact.

    Args:
        here: where the campus is, for a verb of its own.
        has_passed: None for an outcome of a learner who has left.
    """
    found = VERBS.get(fact_type)
    if isinstance(found, Verb):
        return found
    if found is not None:
        return EXITED if has_passed is None else PASSED if has_passed else FAILED
    return Verb(f"{here}/xapi/verbs/{fact_type}", fact_type.partition(".")[2].replace("_", " "))
