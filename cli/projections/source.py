"""`campus projections source`: which rules have made what readers see, since when, and their source."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import DataDir, Failure, Json, answer
from cli.projections.options import Name, chosen, run, settings_of
from cli.projections.source_view import listed, picked_rule

if TYPE_CHECKING:
    from adapters.postgres.store.rule_shapes import RuleServed, RulesOfReadModel
    from adapters.settings import Settings


def source(
    name: Name,
    *,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="MOMENT", help="The rule of then: a position of the log, or a time."),
    ] = None,
    rule: Annotated[
        str | None, typer.Option(metavar="HASH", help="The rule with this source hash, or this digest of its code.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the modules there, as files.")] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List the rules that have made what readers see, and who has promoted them; with --at or --rule, show the source.

    Example: campus projections source gradebook --at 2026-03-01

    Example: campus projections source gradebook --rule 9f86d081 --out rule

    The rules by which commands and reactions are decided have the name commands-and-reactions.
    """
    from rich.text import Text

    from adapters.postgres.store.deciding_rules import DECIDING

    if name != DECIDING:
        chosen(name)
    settings = settings_of(data)
    found = run(_rules(settings, name))
    if at is None and rule is None:
        if out is not None:
            raise Failure("--out writes the source of one rule: name it by --at or --rule")
        import msgspec

        answer(msgspec.to_builtins(found), as_json=as_json, table=lambda: listed(found))
        return
    picked = picked_rule(found, at, rule)
    modules = run(_modules(settings, picked))
    if out is not None:
        _write(out, modules)
    shown = {**_named(picked), "modules": modules}
    head = f"generation {picked.generation}, version {picked.version}, source {picked.source_hash}"
    texts = "" if out else "".join(f"\n# {module}\n\n{text}" for module, text in modules.items())
    written = f"\n{len(modules)} modules written to {out}" if out else ""
    answer(shown, as_json=as_json, table=lambda: Text(f"{name}: {head}{written}{texts}"))


async def _rules(settings: "Settings", name: str) -> "RulesOfReadModel":
    from adapters.postgres.connection import connect
    from adapters.postgres.store.rule_history import rules_of

    async with await connect(settings, application="rules") as connection:
        return await rules_of(connection, name)


async def _modules(settings: "Settings", rule: "RuleServed") -> dict[str, str]:
    from adapters.postgres.connection import connect
    from adapters.postgres.store.rule_sources import source_of

    async with await connect(settings, application="rules") as connection:
        return await source_of(connection, rule.source_hash) or {}


def _write(directory: Path, modules: dict[str, str]) -> None:
    for module, text in modules.items():
        file = directory / f"{module.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _named(rule: "RuleServed") -> dict[str, object]:
    import msgspec

    return dict(msgspec.to_builtins(rule))
