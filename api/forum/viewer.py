"""Who reads and writes in the forum of a run: those who have a place there, and its staff."""

from adapters.command_bus.replay import replayed
from adapters.forum import ShownForum
from adapters.postgres.queries import forum
from adapters.postgres.queries.forum import ForumReader
from api.http.policy.guard import Check
from api.http.query import QueryContext
from api.http.services import Services
from domain.catalog import RunNotFound
from domain.enrollment import Enrollment, NoAccess, NotEnrolled, Status, enrollment_stream
from domain.errors import DomainError, Forbidden
from domain.forum import ThreadElsewhere, ThreadNotFound

WITH_PLACE = (Status.ACTIVE, Status.COMPLETED)


async def is_staff(check: Check, run_id: str) -> bool:
    """Whether the user asks as one of the staff of the run, by the policy; raises Forbidden for who may not at all."""
    try:
        await check.permit(run_id=run_id)
    except Forbidden:
        await check.permit(learner_id=check.user.subject, run_id=run_id)
        return False
    return True


async def viewer_of(ask: QueryContext, run_id: str) -> ForumReader:
    """Who reads the forum of a run: staff, or a learner with a place."""
    return await viewer_by(ask.check, ask.services, run_id)


async def viewer_by(check: Check, services: Services, run_id: str) -> ForumReader:
    """The same, by what the policy is asked with."""
    learner_id, staff = check.user.subject, await is_staff(check, run_id)
    if await services.whereabouts.course_of_run(run_id) is None:
        raise RunNotFound(run_id=run_id)
    if staff:
        return ForumReader(learner_id, staff=True)
    enrollment = await replayed(services.log, Enrollment, enrollment_stream(learner_id, run_id))
    if not enrollment.exists:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    if enrollment.status not in WITH_PLACE:
        raise NoAccess(learner_id=learner_id, run_id=run_id, status=enrollment.status)
    return ForumReader(learner_id, staff=False, cohort_id=enrollment.cohort_id)


async def not_found(ask: QueryContext, run_id: str, thread_id: str) -> ThreadNotFound | ThreadElsewhere:
    """The refusal of a thread that the run does not have: it says where the thread is now, to who may read it there."""
    to_run = await forum.run_of(ask.services.reader, thread_id)
    if to_run is None or to_run == run_id:
        return ThreadNotFound(run_id=run_id, thread_id=thread_id)
    try:
        viewer = await viewer_of(ask, to_run)
    except DomainError:
        return ThreadNotFound(run_id=run_id, thread_id=thread_id)
    if (await forum.thread(ask.services.reader, to_run, thread_id, viewer)).body is None:
        return ThreadNotFound(run_id=run_id, thread_id=thread_id)
    return ThreadElsewhere(run_id=run_id, thread_id=thread_id, to_run=to_run)


def shown_to(services: Services, viewer: ForumReader) -> ShownForum:
    """The forum as one reader sees it."""
    return ShownForum(services.reader, services.log.keys, viewer, services.log.stream)


async def must_see_thread(services: Services, viewer: ForumReader, run_id: str, thread_id: str) -> None:
    """Raise ThreadNotFound for a thread that the run does not have, or that is for a cohort of others."""
    if (await forum.thread(services.reader, run_id, thread_id, viewer)).body is None:
        raise ThreadNotFound(run_id=run_id, thread_id=thread_id)
