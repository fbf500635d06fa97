"""Queries that analysts save for themselves or for each other, with every version of each."""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import msgspec
import uuid_utils
from fastapi import Path, Response
from pydantic import Field

from adapters.postgres.log.category_facts import facts_of_category
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import HEX_ID, NO_CONTROLS, Statement
from commands.admin.analysis import RemoveQuery, SaveQuery
from domain.admin.analysis import NotOwnQuery, SavedQuery, SavedQueryNotFound, SavedText
from domain.fact import Fact

router = strict_router("analytics", "/v1/analytics")

AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
QUERY = "0199c7f0a1b27c3d8e4f5a6b7c8d9e0f"
QueryId = Annotated[str, Path(pattern=HEX_ID, min_length=32, max_length=32, description="The query.", examples=[QUERY])]


class SavedVersion(msgspec.Struct, kw_only=True):
    """What a saved query was from some time on."""

    version: int
    name: str
    sql: str
    shared: bool
    saved_at: datetime


class SavedItem(msgspec.Struct, kw_only=True):
    """
    A saved query in its newest version.

    Attributes:
        owner_id: the person who has saved it, and alone may change it.
        shared: whether other analysts read it.
    """

    query_id: str
    owner_id: str
    own: bool
    version: int
    name: str
    sql: str
    shared: bool
    saved_at: datetime


class SavedItemList(msgspec.Struct, kw_only=True):
    """Own queries, and those that others share, by name."""

    items: list[SavedItem]


class SavedDetail(SavedItem, kw_only=True):
    """A saved query with its versions, the newest first."""

    versions: list[SavedVersion]


class NewQuery(Body):
    """What is saved: a name, the SQL, and whether other analysts read it."""

    model_config = example(name="Who leaves when?", sql="SELECT day, withdrawn FROM enrollment_days", shared=True)

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
    sql: Statement
    shared: bool = False


class AcceptedQuery(Accepted):
    """The id of what was saved."""

    model_config = example(position=1713, query_id=QUERY)

    query_id: str


ITEM: dict[str, Any] = {
    "query_id": QUERY,
    "owner_id": "3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    "own": True,
    "version": 1,
    "name": "Who leaves when?",
    "sql": "SELECT day, withdrawn FROM enrollment_days",
    "shared": True,
    "saved_at": AT,
}
VERSION = SavedVersion(version=1, name=str(ITEM["name"]), sql=str(ITEM["sql"]), shared=True, saved_at=AT)


class Saved(NamedTuple):
    """A saved query, by its facts."""

    owner_id: str
    query_id: str
    versions: list[SavedVersion]

    def item(self, reader: str) -> SavedItem:
        """As *reader* sees it."""
        return SavedItem(owner_id=self.owner_id, query_id=self.query_id, own=self.owner_id == reader, **self._newest)

    def detail(self, reader: str) -> SavedDetail:
        """With its versions; another person sees those that were shared."""
        own = self.owner_id == reader
        seen = [each for each in reversed(self.versions) if own or each.shared]
        return SavedDetail(owner_id=self.owner_id, query_id=self.query_id, own=own, versions=seen, **self._newest)

    @property
    def _newest(self) -> dict[str, Any]:
        return msgspec.structs.asdict(self.versions[-1])


@router.get("/queries", responses=query(SavedItemList(items=[SavedItem(**ITEM)]), 403))
async def list_saved_queries(ask: QueryDep) -> Response:
    """Queries that the user has saved, and those that other analysts share."""
    head, found = await _all(ask.services)
    ask.must_reach(head)
    reader = ask.user.by
    seen = [each.item(reader) for each in found if each.owner_id == reader or each.versions[-1].shared]
    seen.sort(key=lambda each: (not each.own, each.name.casefold(), each.query_id))
    return ask.reply(msgspec.json.encode(SavedItemList(items=seen)), head)


@router.get("/queries/{query_id}", responses=query(SavedDetail(**ITEM, versions=[VERSION]), 403, 404))
async def get_saved_query(query_id: QueryId, ask: QueryDep) -> Response:
    """A saved query with its versions."""
    head, found = await _one(ask.services, query_id, ask.user.by)
    ask.must_reach(head)
    return ask.reply(msgspec.json.encode(found.detail(ask.user.by)), head)


@router.post("/queries", status_code=202, response_model=AcceptedQuery, responses=command(403, 409))
async def save_query(body: NewQuery, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Save a query."""
    saving = SaveQuery(dispatch.user.by, uuid_utils.uuid7().hex, _text(body), body.shared)
    position = await dispatch.position(saving)
    (fact,) = await services.log.at([position])  # of the first request with this Idempotency-Key
    answer = msgspec.json.encode({"position": position, "query_id": fact.id("query_id")})
    return Response(answer, 202, media_type="application/json")


@router.post("/queries/{query_id}", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def change_saved_query(query_id: QueryId, body: NewQuery, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Save another version of an own query; those before stay."""
    await _must_be_own(services, query_id, dispatch.user.by)
    return await dispatch(SaveQuery(dispatch.user.by, query_id, _text(body), body.shared))


@router.post("/queries/{query_id}/remove", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def remove_saved_query(query_id: QueryId, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Show an own query no more; its versions stay in the log."""
    await _must_be_own(services, query_id, dispatch.user.by)
    return await dispatch(RemoveQuery(dispatch.user.by, query_id))


async def _must_be_own(services: Services, query_id: str, person: str) -> None:
    _, found = await _one(services, query_id, person)
    if found.owner_id != person:
        raise NotOwnQuery(query_id=query_id)


async def _one(services: Services, query_id: str, reader: str) -> tuple[int, Saved]:
    head, found = await _all(services)
    for each in found:
        if each.query_id == query_id and (each.owner_id == reader or each.versions[-1].shared):
            return head, each
    raise SavedQueryNotFound(query_id=query_id)


async def _all(services: Services) -> tuple[int, list[Saved]]:
    """The head of the log, and all queries that are not removed."""
    head, facts = await services.log.link.run(lambda connection: facts_of_category(connection, SavedQuery))
    found: dict[str, Saved] = {}
    for fact in facts:
        if fact.type == "saved_query.saved":
            name = fact.id("query_id")
            found.setdefault(name, Saved(fact.id("learner_id"), name, [])).versions.append(_version(fact))
        else:
            found.pop(fact.id("query_id"), None)
    return head, list(found.values())


def _version(fact: Fact) -> SavedVersion:
    text = fact.data["query"]
    return SavedVersion(
        version=fact.data["number"],
        name=text["name"],
        sql=text["statement"],
        shared=fact.data["shared"],
        saved_at=fact.occurred_at,
    )


def _text(body: NewQuery) -> SavedText:
    return SavedText(name=body.name.strip(), statement=body.sql)
