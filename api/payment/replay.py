"""What each fact of an order changed, step by step (api/http/played.py)."""

from fastapi import Request, Response

from adapters.postgres.as_of.replay import of_learner
from api.http.played import RESPONSES, PartDep, end_of, look_at, played
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.payment.orders import OrderId
from api.payment.reading import order_of, owner_of

router = strict_router("payment", "/v1")


@router.get("/orders/{order_id}/replay", responses=RESPONSES, response_class=Response)
async def replay_order(request: Request, order_id: OrderId, ask: QueryDep, part: PartDep) -> Response:
    """As `replay_learner` for the documents of an order: the order, its payments, rights and postings."""
    learner_id = await owner_of(ask.services, order_id) if ask.check.reaches_all else ask.user.subject
    await ask.check.permit(learner_id=learner_id)
    await order_of(ask.services, learner_id, order_id)
    moment = await end_of(ask, part)
    await look_at(request, learner_id, part, moment)
    return played(ask, part, moment, await of_learner(ask.services.folders, learner_id, moment, order_id))
