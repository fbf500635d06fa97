"""`campus log trace`: what led to a fact, and what followed, drawn as a tree."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import DataDir, Failure, Json, answer
from cli.looks import Reason, record_look

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.tree import Tree as Drawing

    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.postgres.trace.answer import BeginningOfTrace, FactOfTrace, ReactionOfTrace, Trace
    from adapters.postgres.trace.tree import Tree
    from adapters.settings import Settings

PAGE = 200  # facts


def trace(
    *,
    what: Annotated[
        str, typer.Argument(metavar="POSITION|REQUEST|ORDER", help="A position, the id of a request, or of an order.")
    ],
    after: Annotated[int, typer.Option(min=0, help="Facts above this position.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Facts to show.")] = PAGE,
    reason: Reason = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Draw what led to a fact, up to the request and who sent it, and every fact and job that followed.

    Example: campus log trace 1713
    """
    import msgspec

    from adapters.postgres.connection import Unavailable
    from adapters.settings import Settings
    from domain.errors import DomainError

    try:
        found = asyncio.run(_find(Settings.load(data), what, (after, limit), reason))
    except (DomainError, Unavailable) as error:
        raise Failure(str(error)) from None
    answer(msgspec.to_builtins(found), as_json=as_json, table=lambda: _drawn(found))


async def _find(settings: "Settings", what: str, page_of: tuple[int, int], reason: str | None) -> "Trace":
    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.postgres.trace.answer import answer_of
    from domain.streams import learner_of

    log = await PostgresLog.open(settings)
    try:
        tree = await _tree(log, what)
        after, limit = page_of
        page = [fact for fact in tree.facts if fact.position > after][:limit]
        learners = {learner_of(fact.stream_id, fact.data) for fact in page} - {None, ""}
        for learner_id in sorted(str(each) for each in learners):
            await record_look(log, learner_id, f"campus log trace {what}", reason)
        return await answer_of(log, tree, page, None)
    finally:
        await log.close()


async def _tree(log: "PostgresLog", what: str) -> "Tree":
    from adapters.postgres.trace.tree import NothingFollowed, tree_of_fact, tree_of_order, tree_of_request

    if what.isascii() and what.isdigit() and len(what) < 19:
        return await tree_of_fact(log, int(what))
    try:
        return await tree_of_request(log, what)
    except NothingFollowed:
        return await tree_of_order(log, what)


def _drawn(found: "Trace") -> "RenderableType":
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    began: dict[int, Drawing] = {}
    drawings = []
    for each in found.began_with:
        drawing = Tree(Text(_beginning(each)))
        drawings.append(drawing)
        began.update(dict.fromkeys(each.positions, drawing))
    shown: dict[int, Drawing] = {}
    for fact in found.items:
        above = began.get(fact.position) if fact.cause is None else shown.get(fact.cause)
        if above is None:  # what caused it is on an earlier page
            above = Tree(Text(f"fact {fact.cause:,}"))
            drawings.append(above)
            shown[fact.cause or 0] = above
        shown[fact.position] = branch = above.add(Text(_line(fact)))
        for job in fact.jobs:
            error = f": {job.error}" if job.error else ""
            branch.add(Text(f"job {job.name}, {job.status}, due {job.due_at:%Y-%m-%d %H:%M:%S}{error}"))
        for reaction in fact.refused_reactions:
            branch.add(Text(_reaction(reaction)))
    more = ", and there are more than are read" if found.truncated else ""
    refused = [
        Text(f"refused at {each.at:%Y-%m-%d %H:%M:%S}: {each.command} of {each.actor}: {each.sentence}")
        for each in found.refused
    ]
    return Group(*drawings, *refused, Text(f"{len(found.items):,} of {found.facts:,} facts shown{more}"))


def _beginning(each: "BeginningOfTrace") -> str:
    for_whom = "" if each.on_behalf_of in (None, each.actor) else f" for {each.on_behalf_of}"
    keys = "".join(f", idempotency key {key}" for key in each.idempotency_keys)
    if each.request_id is not None:
        return f"request {each.request_id} by {each.actor}{for_whom} ({each.source}){keys}"
    if each.lost_cause is not None:
        return f"caused by {each.lost_cause}, which the log does not have ({each.source}){keys}"
    return f"{each.source} by {each.actor}{for_whom}{keys}{_row(each)}"


def _row(each: "BeginningOfTrace") -> str:
    row = each.imported_from
    if row is None:
        return ""
    if not row.recorded:
        return ": its row was not recorded"
    return f": line {row.line:,} of {row.table} in {row.file} (import {row.number}, SHA-256 {(row.sha256 or '')[:16]})"


def _reaction(each: "ReactionOfTrace") -> str:
    by = f" by {each.settled_by}: {each.reason}" if each.state == "dismissed" else ""
    at = f"{each.last_tried_at:%Y-%m-%d %H:%M:%S}"
    return f"reaction {each.reaction}, refused at {at}: {each.sentence} ({each.state}{by})"


def _line(fact: "FactOfTrace") -> str:
    return f"{fact.position:,}  {fact.type}  {fact.stream_id}  {fact.occurred_at:%Y-%m-%d %H:%M:%S}  {fact.source}"
