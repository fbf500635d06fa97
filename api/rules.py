"""The rules that have made what readers see: which, since when, by whose promotion, and their source."""

from typing import Annotated

import msgspec
from fastapi import Path, Response

from adapters.postgres.store.rule_history import rules_of
from adapters.postgres.store.rule_shapes import EXAMPLE, SOURCE, RuleSource
from adapters.postgres.store.rule_sources import source_of
from api.http.errors import SourceNotKept
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from domain.admin.read_models import NoSuchReadModel
from projections.registry import PROJECTIONS

router = strict_router("rules", "/v1")
Name = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The name of a read model.", examples=["gradebook"])
]
Hash = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{64}$",
        description="The `source_hash` of a rule.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]


@router.get("/projections/{name}/rules", responses=query(EXAMPLE, 403, 404))
async def list_rules(name: Name, ask: QueryDep) -> Response:
    """
    Which rules have made what readers see of a read model, since when, and who has promoted them and why.

    By the name `commands-and-reactions`: which rules have decided about commands and reactions, since when.
    """
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    found = await log.link.run(lambda connection: rules_of(connection, name))
    if not found.rules and not found.switches and name not in {each.name for each in PROJECTIONS}:
        raise NoSuchReadModel(name=name)
    return ask.reply(msgspec.json.encode(found), head)


@router.get("/rules/{source_hash}", responses=query(SOURCE, 403, 404))
async def get_rule(source_hash: Hash, ask: QueryDep) -> Response:
    """The source of a rule that was served, module by module; it never changes."""
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    modules = await log.link.run(lambda connection: source_of(connection, source_hash))
    if modules is None:
        raise SourceNotKept(source_hash=source_hash)
    return ask.reply(msgspec.json.encode(RuleSource(source_hash=source_hash, modules=modules)), head)
