"""
One fact of a learner as one statement: who has done what, on which activity, with which result.

The actor is the learner by an account: the id that the campus has for the person, never a name or an address. Words
that are sealed are in no statement; what was chosen in a quiz is the response, as an export of the log has it.

Ids are UUIDv5: the same fact is the same statement in each export, so a store that has it takes it once. Time is when
it happened.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import quote

import msgspec

from adapters.xapi.verbs import ANSWERED, verb_of
from domain.fact import Fact
from domain.grading import PASSING_OUTCOMES
from domain.registry import AGGREGATE_OF, LEARNING
from domain.score import FULL
from domain.streams import ids_of

NAMESPACE = uuid.UUID("eb591482-24cd-5fbc-88a6-6cc03be31504")
"""Of the ids of statements and registrations: UUIDv5 of `https://campuslog.example/xapi`. It never changes."""
ACTIVITY_TYPES = "http://adlnet.gov/expapi/activities/"
LEARNING_FACTS = tuple(
    name for name, aggregate in AGGREGATE_OF.items() if aggregate in LEARNING and aggregate.keyed_by == "learner_id"
)
"""What learners do on courses, and what becomes of it: each of these is a statement."""

LEFT = "withdrawn"
"""The outcome of who has left."""

Json = dict[str, Any]


class Statements:
    """Makes the statements of one campus; *here* is where browsers reach it, which all ids of activities begin with."""

    def __init__(self, here: str) -> None:
        self._here = here.rstrip("/")

    def of(self, fact: Fact) -> Json:
        """The statement of a fact of `LEARNING_FACTS`."""
        ids, data = ids_of(fact.stream_id), fact.data
        verb = verb_of(fact.type, self._here, has_passed=_has_passed(data))
        result = _result(fact.type, data)
        return {
            "id": str(uuid.uuid5(NAMESPACE, fact.meta.event_id or f"{fact.stream_id}@{fact.stream_version}")),
            "actor": self._agent(ids["learner_id"]),
            "verb": {"id": verb.iri, "display": {"en": verb.display}},
            "object": self._object(ids, data, is_answer=verb is ANSWERED),
            **({"result": result} if result else {}),
            "context": self._context(fact, ids),
            "timestamp": fact.occurred_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }

    def _agent(self, person_id: str) -> Json:
        return {"objectType": "Agent", "account": {"homePage": self._here, "name": person_id}}

    def _activity(self, path: tuple[str, ...], kind: str) -> Json:
        iri = "/".join((self._here, "xapi", *(quote(part, safe="") for part in path)))
        return {"objectType": "Activity", "id": iri, "definition": {"type": ACTIVITY_TYPES + kind}}

    def _run(self, run_id: str) -> Json:
        return self._activity(("runs", run_id), "course")

    def _quiz(self, quiz_id: str) -> Json:
        return self._activity(("quizzes", quiz_id), "assessment")

    def _object(self, ids: Mapping[str, str], data: Json, *, is_answer: bool) -> Json:
        """The smallest thing that the fact is about: an item, a quiz, a unit, or the whole run."""
        if is_answer:
            return self._activity(("quizzes", ids["quiz_id"], "items", str(data["item_id"])), "question")
        if "quiz_id" in ids:
            return self._quiz(ids["quiz_id"])
        unit_id = ids.get("line_item") or data.get("unit_id")
        if unit_id:
            return self._activity(("runs", ids["run_id"], "units", str(unit_id)), "lesson")
        return self._run(ids["run_id"]) if "run_id" in ids else self._activity((*ids.values(),), "course")

    def _context(self, fact: Fact, ids: Mapping[str, str]) -> Json:
        run_id = ids.get("run_id") or fact.data.get("run_id")
        parent = self._quiz(ids["quiz_id"]) if fact.type == "attempt.answer_saved" else None
        around = {
            **({"parent": [parent]} if parent else {}),
            **({"grouping": [self._run(run_id)]} if run_id else {}),
        }
        extensions = {
            "position": fact.position,
            "fact": fact.type,
            **({"attempt": int(ids["attempt_no"])} if "attempt_no" in ids else {}),
            **({"irregular": fact.data["irregular"]} if fact.data.get("irregular") else {}),
        }
        registered = f"enrollment-{ids['learner_id']}:{run_id}"
        return {
            **({"registration": str(uuid.uuid5(NAMESPACE, registered))} if run_id else {}),
            **({"instructor": self._agent(fact.meta.actor)} if _is_by_staff(fact, ids["learner_id"]) else {}),
            **({"contextActivities": around} if around else {}),
            "platform": "Campuslog",
            "extensions": {f"{self._here}/xapi/extensions/{name}": value for name, value in extensions.items()},
        }


def _is_by_staff(fact: Fact, learner_id: str) -> bool:
    """Whether a person other than the learner has done it; imports and the campus itself are no persons."""
    meta = fact.meta
    return meta.role is not None and meta.role != "operator" and meta.actor not in ("", learner_id)


def _has_passed(data: Json) -> bool | None:
    """Whether an attempt or a run was passed; None for a run that was left."""
    outcome = data.get("outcome", data.get("new"))
    return None if outcome == LEFT else bool(data.get("passed")) or outcome in PASSING_OUTCOMES


def _result(fact_type: str, data: Json) -> Json:
    """What came of it: a score, whether it was passed, whether it is complete, an answer, how often."""
    points, possible = data.get("points"), data.get("possible")
    score_bp = data.get("score_bp", data.get("grade_bp", data.get("new_grade_bp")))
    if points is None and score_bp is not None:
        points, possible = score_bp, FULL
    result: Json = {}
    if points is not None and possible:
        whole = {"max": possible} if points <= possible else {}  # extra credit: raw may not be above max
        result["score"] = {"scaled": min(1.0, round(points / possible, 6)), "raw": points, "min": 0, **whole}
    if "passed" in data:
        result["success"] = bool(data["passed"])
    elif fact_type.startswith("progress.course_outcome_"):
        success = _has_passed(data)
        result |= {"completion": False} if success is None else {"success": success, "completion": True}
    if fact_type in ("progress.unit_completed", "enrollment.completed", "attempt.submitted"):
        result["completion"] = True
    if fact_type == "attempt.answer_saved" and data.get("response") is not None:
        result["response"] = msgspec.json.encode(data["response"], order="deterministic").decode()
    return result
