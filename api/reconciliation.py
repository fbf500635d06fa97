"""What the last reconciliation of facts, the books and the payment provider has found, for the staff."""

from fastapi import Response

from adapters.postgres.ops import reconciliations
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router

router = strict_router("ledger", "/v1")


@router.get("/reconciliation", responses=query(reconciliations.EXAMPLE, 403))
async def last_reconciliation(ask: QueryDep) -> Response:
    """What does not agree between facts, the books and the provider; the dispatcher compares them every hour."""
    answer = await reconciliations.shown(ask.services.reader)
    ask.must_reach(answer.position)
    return ask.reply(answer.body or b"", answer.position)
