"""
When the forum of a run, or a thread, has changed: for pages that show it.

An event says that something has changed, up to which position of the log; not what, and not by whom. It is sent once
the read model of the forum is there, which joins what lies in several segments.
"""

from fastapi import Request, Response

from api.forum.fields import ThreadId
from api.forum.viewer import must_see_thread, viewer_by
from api.http.changes import Changed
from api.http.policy.guard import check_of
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.sse import RESPONSES, LastEventId, Stream, StreamUser, respond
from api.http.types import RunId
from projections.forum import Forum
from projections.forum_activity import ForumActivity

router = strict_router("events", "/v1/runs/{run_id}")
WAIT = 2.0  # seconds that an event waits for the read model


class ForumStream(Stream):
    """What the client of one stream of a forum has been sent; *place* is the id of a run or of a thread."""

    def __init__(self, services: Services, place: str) -> None:
        super().__init__(services, [(ForumActivity.name, place)])

    async def next(self, patience: float) -> list[Changed]:
        """What is to be sent next, once the forum can be read as it is then."""
        fresh = await super().next(patience)
        changes, position = self.services.changes, max((each.position for each in fresh), default=-1)
        if changes.heard(Forum.name) < position:
            await changes.reached(Forum.name, position, WAIT)
        return fresh


@router.get("/forum/events", responses=RESPONSES, response_class=Response)
async def stream_forum_events(
    run_id: RunId, request: Request, user: StreamUser, services: ServicesDep, last_event_id: LastEventId = None
) -> Response:
    """When there is a new thread or a new post in the forum of a run."""
    await viewer_by(check_of(request), services, run_id)
    return respond(ForumStream(services, run_id), user, last_event_id)


@router.get("/threads/{thread_id}/events", responses=RESPONSES, response_class=Response)
async def stream_thread_events(
    *,
    run_id: RunId,
    thread_id: ThreadId,
    request: Request,
    user: StreamUser,
    services: ServicesDep,
    last_event_id: LastEventId = None,
) -> Response:
    """When a thread changes: its posts, what they say, their points, the accepted answer."""
    await must_see_thread(services, await viewer_by(check_of(request), services, run_id), run_id, thread_id)
    return respond(ForumStream(services, thread_id), user, last_event_id)
