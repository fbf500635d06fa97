"""
The tree of a fact, a request or an order: up to the request that began it, down to every fact that followed.

A fact names its cause (`causation_id`), and all that followed from one request name that (`correlation_id`). What
happens to an order begins with several requests: the order, what the provider says of its payments, a refund.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adapters.postgres.connection import Connection
from adapters.postgres.log.learner_history import whole_history
from adapters.postgres.log.postgres_log import END, PostgresLog
from adapters.postgres.ops.refused_commands import Refused, refused_in
from adapters.postgres.trace import rows
from domain.errors import NotFound
from domain.fact import Fact
from domain.streams import id_or_none
from domain.tags import QueryItem, tag

MOST_FACTS = 10_000  # of one tree
MOST_REFUSED = 100  # commands of one tree


class NoSuchFact(NotFound):
    """The log has no fact at this position."""

    code = "no_such_fact"
    template = "the log has no fact at position {position}"


class NothingFollowed(NotFound):
    """No fact names this request, and there is no such order."""

    code = "nothing_traced"
    template = "no fact came of a request {id}, none of its commands was refused lately, and there is no order {id}"


class Tree(NamedTuple):
    """
    Facts with their causes.

    Attributes:
        facts: in the order of the log.
        causes: the position of the fact that caused a fact; one that a request began has none.
        lost: facts whose cause is named and was not found.
        truncated: there are more facts than are read for one tree.
        refused: the first commands of its requests that rules have refused; they are kept for 90 days.
    """

    facts: Sequence[Fact]
    causes: dict[int, int]
    lost: frozenset[int]
    truncated: bool
    refused: Sequence[Refused] = ()

    @property
    def roots(self) -> list[Fact]:
        """The facts that no other fact has caused."""
        return [fact for fact in self.facts if fact.position not in self.causes]

    def depths(self) -> dict[int, int]:
        """How many facts lie between a fact and its request."""
        depths: dict[int, int] = {}
        for fact in self.facts:  # a cause stands before what it caused
            cause = self.causes.get(fact.position)
            depths[fact.position] = 0 if cause is None else depths[cause] + 1
        return depths


async def tree_of_fact(log: PostgresLog, position: int) -> Tree:
    """The tree in which a fact stands; raises NoSuchFact."""
    fact = await log.link.run(lambda connection: rows.fact_at(connection, position))
    if fact is None:
        raise NoSuchFact(position=position)
    return await log.link.run(lambda connection: _tree(connection, [fact]))


async def tree_of_request(log: PostgresLog, request_id: str) -> Tree:
    """What followed from a request, be it that it was refused; raises NothingFollowed."""
    facts = await log.link.run(lambda connection: rows.of_requests(connection, [request_id], 1))
    if facts:
        return await log.link.run(lambda connection: _tree(connection, facts))
    refused = await log.link.run(lambda connection: refused_in(connection, [request_id], MOST_REFUSED))
    if not refused:
        raise NothingFollowed(id=request_id)
    return Tree((), {}, frozenset(), truncated=False, refused=refused)


async def tree_of_order(log: PostgresLog, order_id: str) -> Tree:
    """What happened to an order: its own facts, those of its payments and refunds, and all of their trees."""
    placed, _ = await log.matching((QueryItem(("order.placed",), (tag("order", order_id),)),), limit=1)
    if not placed:
        raise NothingFollowed(id=order_id)
    learner_id = placed[0].id("learner_id")
    history = await log.link.run(lambda connection: whole_history(connection, learner_id, END))
    named = [fact for fact in history if names_order(fact, order_id)]
    streams = {fact.stream_id for fact in named if id_or_none(fact.stream_id, "learner_id") is not None}
    facts = [fact for fact in history if fact.stream_id in streams or names_order(fact, order_id)]
    return await log.link.run(lambda connection: _tree(connection, facts))


def names_order(fact: Fact, order_id: str) -> bool:
    """Whether a fact is one of an order, or names it."""
    return order_id in (id_or_none(fact.stream_id, "order_id"), fact.data.get("order_id"))


async def _tree(connection: Connection, seeds: Sequence[Fact]) -> Tree:
    found = {fact.position: fact for fact in seeds[:MOST_FACTS]}
    requests = _requests(seeds)
    of_requests = await rows.of_requests(connection, requests, MOST_FACTS + 1) if requests else []
    truncated = len(of_requests) > MOST_FACTS or len(seeds) > MOST_FACTS
    found.update((fact.position, fact) for fact in of_requests[:MOST_FACTS])
    lost = await _ascend(connection, found)
    waiting = [fact for fact in found.values() if fact.meta.correlation_id is None]
    while waiting and len(found) <= MOST_FACTS:
        following = await rows.caused_by(connection, [fact.meta.event_id for fact in waiting], MOST_FACTS + 1)
        waiting = [fact for fact in following if fact.position not in found]
        found.update((fact.position, fact) for fact in waiting)
    truncated = truncated or bool(waiting)
    by_id = {fact.meta.event_id: position for position, fact in found.items()}
    named = {position: by_id.get(fact.meta.causation_id or "", position) for position, fact in found.items()}
    causes = {position: cause for position, cause in named.items() if cause < position}
    facts = [found[position] for position in sorted(found)]
    refused = await refused_in(connection, _requests(facts), MOST_REFUSED)
    return Tree(facts, causes, frozenset(lost), truncated, refused)


def _requests(facts: Iterable[Fact]) -> list[str]:
    return list(dict.fromkeys(fact.meta.correlation_id for fact in facts if fact.meta.correlation_id is not None))


async def _ascend(connection: Connection, found: dict[int, Fact]) -> set[int]:
    """Add the facts that have caused those *found*, up to the first; the positions of those whose cause is lost."""
    lost: set[int] = set()
    known = {fact.meta.event_id for fact in found.values()}
    waiting = list(found.values())
    while waiting:
        fact = waiting.pop()
        cause_id = fact.meta.causation_id
        if cause_id is None or cause_id in known:
            continue
        cause = await rows.by_event_id(connection, cause_id)
        if cause is None or cause.position >= fact.position:
            lost.add(fact.position)
            continue
        known.add(cause_id)
        found[cause.position] = cause
        waiting.append(cause)
    return lost
