"""What the commands of `campus projections` have in common: which read models are meant, and how a command ends."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.console import INTERRUPTED, Failure, say
from cli.operator import Justification, accounted_of, in_clear

if TYPE_CHECKING:
    from adapters.settings import Settings
    from projections.engine.projection import Projection
    from workers.rebuild.promotion import By

T = TypeVar("T")

Name = Annotated[str, typer.Argument(help="The read model; `campus projections list` names them.", show_default=False)]
NameOrAll = Annotated[
    str | None, typer.Argument(metavar="NAME", help="One read model; all when left out.", show_default=False)
]
RuleOption = Annotated[
    Path | None,
    typer.Option(
        "--rule", metavar="FILE", help="Its changed rule in a Python file, before that is deployed.", show_default=False
    ),
]


LONGEST_REASON = 200  # characters


def _reason(text: str) -> str:
    if not text.strip() or len(text) > LONGEST_REASON:
        raise typer.BadParameter(f"a reason has 1 to {LONGEST_REASON} characters")
    return in_clear(text)


Reason = Annotated[
    str | None, typer.Option(parser=_reason, help="Why. It stays in clear: name no person.", metavar="TEXT")
]


async def by_operator(settings: "Settings", reason: str | None, ticket: str | None) -> "By":
    """In whose name something is done with a read model, and why; raises Failure where the campus asks for more."""
    from workers.rebuild.promotion import By

    return By(await accounted_of(settings, Justification(ticket, reason=reason)), reason)


def chosen(*names: str | None) -> "list[Projection]":
    """
    The projections of these names; all of them for None.

    Raises:
        Failure: there is none of such a name.
    """
    from projections.registry import PROJECTIONS

    there_are = [projection.name for projection in PROJECTIONS]
    for name in names:
        if name is not None and name not in there_are:
            raise Failure(f"no read model is called {name or repr(name)}; there are {', '.join(there_are)}")
    return [projection for projection in PROJECTIONS if None in names or projection.name in names]


def the(name: str, rule: Path | None = None) -> "Projection":
    """
    The projection of this name, or the changed rule of it in a file.

    Raises:
        Failure, BadProjection: as `chosen` and `load_rule`.
    """
    deployed = chosen(name)[0]
    if rule is None:
        return deployed
    from campuslog.definition import load_rule

    return load_rule(rule, deployed)


def settings_of(data: Path | None) -> "Settings":
    """The campus in this data directory, or that of the environment."""
    from adapters.settings import Settings

    return Settings.load(data)


def run(work: Coroutine[Any, Any, T], *, stopped: str | Callable[[], str] = "stopped") -> T:
    """Run *work* and return its result; after Ctrl-C the command says *stopped* and ends."""
    from adapters.logging import configure

    configure("warning", process="projections")  # to standard error: standard output is for the answer
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        say(stopped() if callable(stopped) else stopped)
        raise typer.Exit(INTERRUPTED) from None


def end(*, ok: bool) -> None:
    """End with exit code 1 when the answer is no."""
    if not ok:
        raise typer.Exit(1)


def typed(command: str, data: Path | None, rule: Path | None = None) -> str:
    """A command of this group as it is to be typed for the same campus, and the same rule."""
    options = {"--rule": rule, "--data": data}
    return " ".join([f"campus projections {command}", *(f"{name} {path}" for name, path in options.items() if path)])


def deployment(projection: "Projection", rule: Path) -> str:
    """How a changed rule is deployed, to be typed."""
    import inspect

    file = inspect.getsourcefile(type(projection))
    return f"cp {rule} {os.path.relpath(file) if file else ''}, and restart the campus"
