"""`campus projections step`: what each fact does to the rows of one key, by the code of the working tree."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import DataDir, Failure
from cli.looks import Reason, record_look
from cli.projections.options import Name, RuleOption, run, settings_of, the

if TYPE_CHECKING:
    from adapters.settings import Settings
    from domain.fact import Fact
    from projections.engine.projection import Projection


def step(
    *,
    name: Name,
    key: Annotated[str, typer.Option(help="The learner or the stream whose facts are folded.", show_default=False)],
    to: Annotated[
        int | None, typer.Option(min=0, help="Up to this position; all when left out.", show_default=False)
    ] = None,
    rule: RuleOption = None,
    reason: Reason = None,
    data: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """
    Show each row before and after each fact, by the code of this working tree; only that you look is written.

    Rows of tables that other keys share show the part that these facts make of them.

    Example: campus projections step gradebook --key 28400
    """
    from projections.engine.steps import steps

    projection = the(name, rule)
    facts = run(_facts(settings_of(data), projection, key, to, reason))
    if not facts:
        raise Failure(f"no fact of {key} is read by {name}: a key is a learner, such as 28400, or a stream")
    failed = False
    for each in steps(projection, facts, lambda *_: True):
        changes = [(f"{c.row.table.name} {','.join(map(str, c.row.key))}", c.before, c.after) for c in each.changes]
        failed = failed or each.error is not None
        if as_json:
            shown = [{"row": row, "before": before, "after": after} for row, before, after in changes]
            line = {"position": each.fact.position, "type": each.fact.type, "rows": shown, "error": each.error}
            sys.stdout.write(json.dumps(line) + "\n")
            continue
        sys.stdout.write(f"{each.fact.position:,}  {each.fact.type}  {each.fact.stream_id}\n")
        for row, before, after in changes:
            sys.stdout.write(f"  {row}\n    before {json.dumps(before)}\n    after  {json.dumps(after)}\n")
        if each.error is not None:
            sys.stdout.write(f"  fails: {each.error}; later facts of {each.fact.key} wait\n")
    if failed:
        raise typer.Exit(1)


async def _facts(
    settings: "Settings", projection: "Projection", key: str, to: int | None, reason: str | None
) -> "list[Fact]":
    """The facts that the read model folds for a key; that they are looked at is recorded if it is a learner."""
    from adapters.postgres.as_of.folder import KeyFolder
    from adapters.postgres.as_of.moments import MomentAhead, moment_at
    from adapters.postgres.log.postgres_log import PostgresLog

    log = await PostgresLog.open(settings)
    try:
        moment = await moment_at(log, to, None)
        what = f"campus projections step {projection.name} --key {key}"
        await record_look(log, key, what, reason, moment if to is not None else None)
        return await KeyFolder(log.link, projection).facts(key, moment)
    except MomentAhead as error:
        raise Failure(error.sentence) from None
    finally:
        await log.close()
