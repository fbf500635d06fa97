"""The rules that were served, for a terminal, and which of them is meant."""

from typing import TYPE_CHECKING

from cli.console import Failure

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from adapters.postgres.store.rule_shapes import RuleServed, RulesOfReadModel


def picked_rule(found: "RulesOfReadModel", at: str | None, rule: str | None) -> "RuleServed":
    """The rule that is meant."""
    from adapters.postgres.store.rule_history import served_at

    if at is not None and rule is not None:
        raise Failure("give --at or --rule, not both")
    if rule is not None:
        fitting = [each for each in found.rules if each.source_hash.startswith(rule) or each.code.startswith(rule)]
        if not fitting:
            raise Failure(f"no rule of {found.projection} that was served has a hash that begins with {rule}")
        if len({each.source_hash for each in fitting}) > 1:
            raise Failure(f"several rules of {found.projection} have a hash that begins with {rule}: give more of it")
        return fitting[0]
    picked = served_at(found.rules, _moment(at or ""))
    if picked is None:
        first = f"; the first is since {found.rules[-1].since:%Y-%m-%d %H:%M:%S}" if found.rules else ""
        raise Failure(f"which rule of {found.projection} was served at {at} is not recorded{first}")
    return picked


def _moment(text: str) -> "int | datetime":
    from campuslog.errors import BadTime
    from campuslog.positions import bound

    try:
        moment = bound(int(text) if text.isascii() and text.isdigit() else text, "--at", end=True)
    except BadTime as error:
        raise Failure(str(error)) from None
    found = moment.time if moment.position is None else moment.position
    if found is None:
        raise Failure("--at takes a position of the log, or a time")
    return found


def listed(found: "RulesOfReadModel") -> "RenderableType":
    """The rules and the switches, the newest first."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rules = Table("since", "position", "generation", "version", "source", "code", "noted by", title="rules")
    for each in found.rules:
        rules.add_row(
            f"{each.since:%Y-%m-%d %H:%M:%S}",
            f"{each.position:,}",
            str(each.generation),
            str(each.version),
            each.source_hash[:16],
            each.code[:16],
            each.noted_by,
        )
    parts: list[RenderableType] = [rules if found.rules else Text("no rule is recorded")]
    for switch in found.switches:
        before = f" (was {switch.before})" if switch.before else ""
        parts.append(
            Text(
                f"{switch.at:%Y-%m-%d %H:%M:%S} fact {switch.position:,}: generation {switch.generation}{before}"
                f" {switch.what.replace('_', ' ')} by {switch.by}: {switch.reason}"
            )
        )
    return Group(*parts)
