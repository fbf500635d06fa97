"""What follows from a regrade for the courses of those whose attempts it changes: grades, outcomes, credentials."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from commands.log import Log
from commands.lookups.catalog import outline
from commands.lookups.quiz import attempts_of
from commands.lookups.standing import CourseStanding, foresee_standing
from commands.quiz.regrading import Change
from domain.quiz import Quiz

CredentialChange = Literal["none", "gained", "lost", "replaced"]


@dataclass(frozen=True)
class Consequence:
    """How a learner stands on the course before a regrade, and after all that it changes."""

    before: CourseStanding
    after: CourseStanding

    @property
    def credential(self) -> CredentialChange:
        """What becomes of the learner's credential; one that says something else then is `replaced`."""
        old, new = self.before.certified, self.after.certified
        if old == new:
            return "none"
        return "gained" if old is None else "lost" if new is None else "replaced"


async def consequences(
    log: Log, quiz: Quiz, changes: Sequence[Change], learners: Collection[str]
) -> dict[str, Consequence]:
    """What follows from all *changes* of a regrade together, for each of some learners; nothing is recorded."""
    of_learners: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        learner_id = change.attempt.id_of("learner_id")
        if learner_id in learners:
            of_learners[learner_id].append(change)
    run = await outline(log, quiz.run_id)
    found = {}
    for learner_id, changed in of_learners.items():
        now = await attempts_of(log, learner_id, quiz.run_id, quiz)
        tries = now.units[quiz.unit_id]
        for change in changed:
            number, foreseen = change.attempt.attempt_no, change.foreseen
            tries = tries.with_score(quiz.id_of("quiz_id"), number, foreseen.score, passed=foreseen.passed)
        then = now.with_unit(quiz.unit_id, tries)
        found[learner_id] = Consequence(*await foresee_standing(log, learner_id, run, now, then))
    return found
