"""Whether who has started a bulk job may do, still, what its next lines are for."""

from collections.abc import Mapping, Sequence

from adapters.bulk.kinds import QUIZ, RUN
from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from domain.admin.bulk_jobs import BulkKind
from domain.catalog import Run, run_stream
from domain.fact import Fact
from domain.quiz import Quiz, quiz_stream
from domain.roles import ADMIN_OF_CAMPUS, COURSE, Role, Roles, roles_stream
from domain.roles import RUN as RUN_SCOPE
from domain.user import AccountStatus, User, user_stream

OF_STAFF = (BulkKind.ROSTER, BulkKind.GRADE)  # what instructors may start, too, by routes of their own


async def may_go_on(log: PostgresLog, kind: BulkKind, lines: Sequence[Mapping[str, str]], started: Fact) -> bool:
    """
    Whether who has started a job over HTTP may do these lines; what operators start on the machine goes on.

    What instructors may start goes on as long as they are instructors of each run that the lines are about, or of its
    course.
    """
    meta = started.meta
    if meta.source != "api":
        return True
    user = await replayed(log, User, user_stream(meta.actor))
    if user.status in (AccountStatus.SUSPENDED, AccountStatus.ERASED):
        return False
    roles = await replayed(log, Roles, roles_stream(meta.actor))
    live = roles.live(log.clock.now())
    if not roles.exists or ADMIN_OF_CAMPUS in live:
        return True
    return kind in OF_STAFF and await _teaches(log, lines, {scope for role, scope in live if role == Role.INSTRUCTOR})


async def _teaches(log: PostgresLog, lines: Sequence[Mapping[str, str]], scopes: set[str]) -> bool:
    runs = {each[RUN] for each in lines if RUN in each}
    for quiz_id in {each[QUIZ] for each in lines if QUIZ in each}:
        runs.add((await replayed(log, Quiz, quiz_stream(quiz_id))).run_id)
    for run_id in runs:
        run = await replayed(log, Run, run_stream(run_id))
        if scopes.isdisjoint((f"{RUN_SCOPE}{run_id}", f"{COURSE}{run.course_id}")):
            return False
    return True
