"""Single facts, and what led to them and followed: adapters/postgres/trace."""

from typing import Annotated

import msgspec
from fastapi import Path, Query, Request, Response

from adapters.personal.opening import with_words
from adapters.postgres.trace.answer import EXAMPLE, Trace, answer_of
from adapters.postgres.trace.imported import ROW, SourceRow, source_row
from adapters.postgres.trace.tree import (
    NoSuchFact,
    Tree,
    tree_of_fact,
    tree_of_order,
    tree_of_request,
)
from api.http import paging
from api.http.errors import BadRequest
from api.http.looks import Reason, record_looks_at_facts
from api.http.openapi import query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.shown_fact import FACT, HistoryFact, view
from api.http.types import NO_NUL, Limit
from domain.fact import Fact
from domain.streams import learner_of

router = strict_router("facts", "/v1")


class OneFact(HistoryFact, kw_only=True):
    """One fact as it stands in the log, and the row that it was imported from; null if it was not."""

    imported_from: SourceRow | None


class FactWithTrace(Trace, kw_only=True):
    """A fact as it stands in the log, and the tree in which it stands."""

    fact: OneFact


ONE = OneFact(**msgspec.structs.asdict(FACT), imported_from=ROW)
WITH_TRACE = FactWithTrace(**{name: getattr(EXAMPLE, name) for name in Trace.__struct_fields__}, fact=ONE)
Position = Annotated[
    int, Path(ge=1, le=999_999_999_999_999_999, description="The place of the fact in the log.", examples=[1713])
]
RequestId = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=128,
        pattern=NO_NUL,
        description="The `X-Request-ID` of a request.",
        examples=["0199c7f0a1b27c3d8e4f5a6b7c8d9e0f"],
    ),
]
OrderId = Annotated[
    str | None, Query(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="An order.", examples=["0199c7f0a1b2"])
]


@router.get("/facts/{position}", responses=query(ONE, 403, 404))
async def get_fact(*, request: Request, position: Position, ask: QueryDep, reason: Reason = None) -> Response:  # noqa: ARG001
    """One fact as it stands in the log, for the staff, whose look is recorded, and for a learner whom it is about."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    found = await log.at([position])
    if not found:
        raise NoSuchFact(position=position)
    fact = found[0]
    await ask.check.permit(learner_id=learner_of(fact.stream_id, fact.data) or "")
    await record_looks_at_facts(request, [fact], request.scope["path"])
    return ask.reply(msgspec.json.encode(await _shown(ask, fact)), head)


@router.get("/facts/{position}/trace", responses=query(WITH_TRACE, 403, 404))
async def trace_fact(
    *,
    request: Request,
    position: Position,
    ask: QueryDep,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
    reason: Reason = None,  # noqa: ARG001 - recorded with the look
) -> Response:
    """
    A fact, what led to it, up to the request and who sent it, and every fact and job that followed; for the staff.

    It is recorded as one look at each learner whom the facts are about.
    """
    tree = await tree_of_fact(ask.services.log, position)
    fact = next(each for each in tree.facts if each.position == position)
    return await _reply(request, ask, tree, cursor, limit, fact=fact)


@router.get("/traces", responses=query(EXAMPLE, 403, 404))
async def trace(
    *,
    request: Request,
    ask: QueryDep,
    request_id: RequestId = None,
    order_id: OrderId = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
    reason: Reason = None,  # noqa: ARG001 - recorded with the look
) -> Response:
    """
    All that followed from a request, or that happened to an order, and what rules have refused; for the staff.

    It is recorded as a look at each learner whom its facts are about. The trace id of a `traceparent` without an
    `X-Request-ID` is the id of the request.
    """
    if (request_id is None) == (order_id is None):
        raise BadRequest("a trace is that of a request or of an order: give request_id or order_id")
    log = ask.services.log
    if order_id is not None:
        tree = await tree_of_order(log, order_id)
    else:
        tree = await tree_of_request(log, request_id or "")
    return await _reply(request, ask, tree, cursor, limit)


async def _reply(
    request: Request, ask: QueryContext, tree: Tree, cursor: str | None, limit: int, *, fact: Fact | None = None
) -> Response:
    """A page of the facts of a tree, with *fact* of it as it stands in the log, if one is asked for."""
    log, listing = ask.services.log, f"trace:{tree.facts[0].position if tree.facts else 0}"
    head = await log.head()
    ask.must_reach(head)
    (after,) = paging.after(listing, cursor, [int]) or [0]
    rest = [each for each in tree.facts if each.position > after]
    following = paging.cursor_to(listing, [rest[limit - 1].position]) if len(rest) > limit else None
    asked = request.query_params
    named = [f" {name}={asked[name]}" for name in ("request_id", "order_id") if name in asked]
    what = request.scope["path"] + "".join(named)
    await record_looks_at_facts(request, [*([fact] if fact is not None else []), *rest[:limit]], what)
    answer = await answer_of(log, tree, rest[:limit], following)
    if fact is not None:
        shown = await _shown(ask, fact)
        answer = FactWithTrace(**{name: getattr(answer, name) for name in Trace.__struct_fields__}, fact=shown)
    return ask.reply(msgspec.json.encode(answer), head, paging.link_to(request, following))


async def _shown(ask: QueryContext, fact: Fact) -> OneFact:
    """A fact with its words; what is personal in it is for the person."""
    log = ask.services.log
    is_own = learner_of(fact.stream_id, fact.data) == ask.user.subject
    (opened,) = await with_words(log.keys, [fact], personal=is_own)
    return OneFact(**msgspec.structs.asdict(view(opened)), imported_from=await source_row(log, opened))
