"""What follows from a regrade for the courses of those whose attempts it changes: grades, outcomes, credentials."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from commands.log import Log
from commands.lookups.catalog import Outline, outline
from commands.lookups.enrollment import went_to
from commands.lookups.quiz import attempts_of
from commands.lookups.standing import CourseStanding, foresee_elsewhere, foresee_standing
from commands.quiz.regrading import Change, in_parts
from domain.quiz import Quiz

CredentialChange = Literal["none", "gained", "lost", "replaced"]


@dataclass(frozen=True)
class Consequence:
    """
    How a learner stands on the course before a regrade, and after all that it changes.

    Attributes:
        run_id: on which run: that to which the learner was transferred, if so.
    """

    run_id: str
    before: CourseStanding
    after: CourseStanding

    @property
    def credential(self) -> CredentialChange:
        """What becomes of the learner's credential; one that says something else then is `replaced`."""
        old, new = self.before.certified, self.after.certified
        if old == new:
            return "none"
        return "gained" if old is None else "lost" if new is None else "replaced"


async def consequences(log: Log, quiz: Quiz, changes: Sequence[Change]) -> dict[str, Consequence]:
    """What follows by learner from *changes* of a regrade, which are all that a learner has; nothing is recorded."""
    of_learners: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        of_learners[change.attempt.id_of("learner_id")].append(change)
    found: dict[str, Consequence] = {}
    run = await outline(log, quiz.run_id)
    for some in in_parts(sorted(of_learners)):
        follow = await gather(*(_consequence(log, quiz, run, each, of_learners[each]) for each in some))
        found |= dict(zip(some, follow, strict=True))
    return found


async def _consequence(log: Log, quiz: Quiz, run: Outline, learner_id: str, changed: Sequence[Change]) -> Consequence:
    """What follows for one learner, whose attempts these are."""
    now = await attempts_of(log, learner_id, quiz.run_id, quiz)
    tries = now.units[quiz.unit_id]
    for change in changed:
        number, foreseen = change.attempt.attempt_no, change.foreseen
        tries = tries.with_score(quiz.id_of("quiz_id"), number, foreseen.score, passed=foreseen.passed)
    then = now.with_unit(quiz.unit_id, tries)
    if to_run := await went_to(log, learner_id, quiz.run_id):
        stands = await foresee_elsewhere(log, learner_id, (quiz.run_id, to_run), quiz.unit_id, then)
        return Consequence(to_run, *stands)
    return Consequence(quiz.run_id, *await foresee_standing(log, learner_id, run, now, then))
