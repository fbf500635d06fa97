"""
`campus`: the one command-line tool.

The table below names every command and where it lives. A command's module is imported when it is called, and not for
`campus --help`, which therefore answers at once.
"""

import importlib
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli.console import fail
from cli.stdio import finish, take_streams

COMMANDS = {
    "up": ("cli.up", "Start a campus with its servers, API and workers; Ctrl-C stops it."),
    "status": ("cli.status", "Show how far the log and each projection are."),
    "doctor": ("cli.doctor", "Check every part and name the one that fails."),
    "token": ("cli.token", "Print a development token."),
    "import": ("cli.import_", "Bring real data in."),
    "seed": ("cli.seed", "Fill a campus with a small synthetic population."),
    "projections": ("cli.projections", "Look after the read models."),
    "reactions": ("cli.reactions", "Look after what follows from facts."),
    "log": ("cli.log", "Read and check the log."),
    "analytics": ("cli.analytics", "Let analysts in with SQL."),
    "bench": ("benchmarks", "Measure Campuslog against its yardsticks."),
    "migrate": ("cli.migrate", "Bring the campus's schema up to date."),
    "serve": ("cli.serve", "Run the API alone."),
    "worker": ("cli.worker", "Run one worker alone."),
}
OURS = ("benchmarks", "cli", "campuslog", "api", "workers", "adapters", "commands", "projections", "domain")


class LazyCommands(TyperGroup):
    """
    The commands of the table, each imported on use; `--help` makes do with the table's lines.

    Typer keeps its copy of click to itself, hence `Any` for what only click has a type for.
    """

    helping = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Return the command, or a stand-in with its line of help."""
        if cmd_name not in COMMANDS:
            return None
        module, line = COMMANDS[cmd_name]
        if self.helping:
            return TyperCommand(cmd_name, help=line)
        command = typer.main.get_command(importlib.import_module(module).app)
        command.help = command.help or line
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help of `campus` itself."""
        self.helping = True
        super().format_help(ctx, formatter)


app = typer.Typer(cls=LazyCommands, add_completion=False, no_args_is_help=True)


@app.callback()
def campus(
    *,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where a failure comes from.")] = False,
) -> None:
    """Campuslog: every fact about a learner kept once, everything else derived from it."""


def main() -> None:
    """Run `campus`; every failure is one sentence and a non-zero exit."""
    take_streams()
    try:
        _run()
    except BrokenPipeError:  # of `campus … | head`, which has seen enough
        sys.exit(1)
    except Exception as error:  # the last line of defence: a sentence, not a stack
        if "--traceback" in sys.argv:
            raise
        fail(sentence(error))
        sys.exit(1)


def _run() -> None:
    """Run the command; its answer has been written when it ends."""
    try:
        typer.main.get_command(app)()
    finally:
        finish()


def sentence(error: Any) -> str:
    """Say what went wrong: our own errors know, others get their type's name before."""
    if isinstance(error, SyntaxError) and error.filename:
        from cli.error_location import what, where

        return f"{where(error)}: {what(error)}"
    text = " ".join(str(error).split())
    if type(error).__module__.split(".")[0] in OURS:
        return text
    return f"{type(error).__name__}: {text} (`campus --traceback …` shows where)"


if __name__ == "__main__":
    main()
