"""
`campus projections`: look after the read models, and change their rules while everyone keeps reading.

    list      every read model                          list_
    plan      what a rebuild would do                   plan, sample
    rebuild   a generation beside the live one          rebuild, yardsticks
    status    how far, who works on what                status, status_view
    verify    is it what the log says?                  verify
    diff try  what differs, row by row                  diff
    promote rollback drop                               switch
    parked    what waits at a fact that fails           parked
    repair    recomputes rows of one key                repair
    step      what each fact does to them               step
    source    which rules were served, and their source  source
"""

import typer

from cli.projections import parked
from cli.projections.diff import diff, try_rule
from cli.projections.list_ import list_projections
from cli.projections.plan import plan
from cli.projections.rebuild import rebuild
from cli.projections.repair import repair
from cli.projections.source import source
from cli.projections.status import status
from cli.projections.step import step
from cli.projections.switch import drop, promote, rollback
from cli.projections.verify import verify

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command("list")(list_projections)
app.command()(plan)
app.command()(rebuild)
app.command()(status)
app.command()(verify)
app.command()(diff)
app.command("try")(try_rule)
app.command()(promote)
app.command()(rollback)
app.command()(drop)
app.add_typer(parked.app, name="parked")
app.command()(repair)
app.command()(step)
app.command()(source)
