"""
`campus`: the one command-line tool.

The table below names every command and its module. A command's module is imported when the command is called, and not
for `campus --help`, which therefore answers at once.
"""

import importlib.util
import inspect
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from adapters import gc_tuning
from cli.console import Failure, fail
from cli.stdio import finish, take_streams

COMMANDS = {
    "up": ("cli.up", "Start a campus with its servers, API and workers; Ctrl-C stops it."),
    "status": ("cli.status", "Show the head of the log and the lag of each read model."),
    "doctor": ("cli.doctor", "Check every part and name the one that fails."),
    "dev": ("cli.dev", "Who can sign in to a development campus, and the code that their apps show."),
    "token": ("cli.token", "Print a development token."),
    "import": ("cli.import_", "Import real data."),
    "contents": ("cli.contents", "Content of courses outside of the log: what nothing names."),
    "questions": ("cli.questions", "Import and export question banks: GIFT, Moodle XML, Aiken, QTI, Canvas."),
    "seed": ("cli.seed", "Fill a campus with a small demo population."),
    "projections": ("cli.projections", "Rebuild, compare, promote, check and repair read models."),
    "jobs": ("cli.jobs", "List jobs that have failed for good; try again, or dismiss."),
    "reactions": ("cli.reactions", "List, retry or dismiss reactions that have failed."),
    "ledger": ("cli.ledger", "Read the books, and export them for hledger."),
    "payments": ("cli.payments", "Compare facts, books and payment provider; simulate orders."),
    "log": ("cli.log", "Read and check the log."),
    "proofs": ("cli.proofs", "Show, prove and publish what the notary has signed."),
    "account": ("cli.account", "Invite people, and export what is held about a person."),
    "dossier": ("cli.dossier", "Put everything about a learner into a zip file with proofs; check such a file."),
    "why": ("cli.why", "Explain a value of a read model: which facts made it, by which rule."),
    "replay": ("cli.replay", "Play a history step by step: what each fact changed."),
    "admin": ("cli.admin", "Make the first admin, grant and revoke roles, see what the staff have done."),
    "grades": ("cli.grades", "Bring grades from files to course runs."),
    "roster": ("cli.roster", "Bring rosters of other systems to course runs."),
    "policy": ("cli.policy", "Show who may do what: the table that every route asks."),
    "privileges": ("cli.privileges", "Compare what each process may do in the database with what it should."),
    "analytics": ("cli.analytics", "Give analysts access by SQL."),
    "bench": ("benchmarks", "Measure Campuslog against its yardsticks."),
    "migrate": ("cli.migrate", "Migrate the database schema of the campus."),
    "serve": ("cli.serve", "Run the API alone."),
    "gateway": ("cli.gateway", "Run the gateway in front of processes that serve contexts apart."),
    "worker": ("cli.worker", "Run one worker alone."),
    "witness": ("cli.witness", "Run a witness, which cosigns a log as long as it only grows."),
    "mail": ("cli.mail", "Take in what mail servers report of mails that the campus has sent."),
    "inbox": ("cli.inbox", "Run the development inbox, which takes the mails of a campus that is tried out."),
    "paysim": ("cli.paysim", "Run the stand-in for Stripe, for development and tests."),
}
OURS = ("benchmarks", "cli", "campuslog", "web", "api", "workers", "adapters", "commands", "projections", "domain")


class LazyCommands(TyperGroup):
    """
    The commands of the table, each imported on use; `--help` only uses the table.

    Typer does not export its copy of click, hence `Any` for types of click.
    """

    helping = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command; for `--help`, a stand-in with its line of help."""
        if cmd_name not in COMMANDS:
            return None
        module, line = COMMANDS[cmd_name]
        if self.helping:
            return TyperCommand(cmd_name, help=line)
        if importlib.util.find_spec(module) is None:
            raise Failure(
                f"`campus {cmd_name}` runs in a checkout of the repository: the installed package has no {module}"
            )
        command = typer.main.get_command(importlib.import_module(module).app)
        command.help = command.help or line
        _join_lines(command)
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Typer's, which suggests the command that a misspelt one is close to."""
        names: dict[str, Any] = dict.fromkeys(COMMANDS)
        self.commands = names  # of which Typer reads the keys only
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help of `campus` itself."""
        self.helping = True
        super().format_help(ctx, formatter)


def _join_lines(command: Any) -> None:
    """Make one line of each paragraph of help, which Typer breaks at the terminal's width and where the source does."""
    command.help = "\n\n".join(" ".join(each.split()) for each in inspect.cleandoc(command.help or "").split("\n\n"))
    for each in getattr(command, "commands", {}).values():
        _join_lines(each)


app = typer.Typer(cls=LazyCommands, add_completion=False, no_args_is_help=True)


@app.callback()
def campus(
    *,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show the Python traceback of a failure.")] = False,
) -> None:
    """Campuslog: every fact about a learner kept once, everything else derived from it."""


def main() -> None:
    """Run `campus`; every failure prints one sentence and exits with a non-zero code."""
    gc_tuning.look_seldom()
    take_streams()
    try:
        _run()
    except BrokenPipeError:  # of `campus … | head`, which has closed the pipe
        sys.exit(1)
    except Exception as error:  # the last line of defence: a sentence, not a stack
        if "--traceback" in sys.argv:
            raise
        fail(sentence(error))
        sys.exit(1)


def _run() -> None:
    """Run the command, and flush its output."""
    try:
        typer.main.get_command(app)()
    finally:
        finish()


def sentence(error: Any) -> str:
    """The sentence of an error; with the name of its type if the error is not of this project."""
    if isinstance(error, SyntaxError) and error.filename:
        from cli.error_location import what, where

        return f"{where(error)}: {what(error)}"
    if isinstance(error, UnicodeEncodeError) and any(error.object in argument for argument in sys.argv[1:]):
        return f"{error.object!r} on the command line is no text in UTF-8: check the encoding of the terminal"
    text = " ".join(str(error).split())
    if type(error).__module__.split(".")[0] in OURS:
        return text
    return f"{type(error).__name__}: {text} (`campus --traceback …` shows where)"


if __name__ == "__main__":
    main()
