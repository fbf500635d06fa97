"""The answer to why a field has its value: from what was watched to its form."""

import inspect
from collections.abc import Sequence

import msgspec

from adapters.postgres.as_of.beside import Beside
from adapters.postgres.as_of.members import CountedMembers
from adapters.postgres.as_of.why import MOST_BESIDE, Expectation, Explanation, Place, expected
from adapters.postgres.as_of.why_shapes import (
    Expected,
    FactBeside,
    FactOfChange,
    FailedFact,
    FunctionOfRule,
    Part,
    Parts,
    PartsBy,
    RefusedCommand,
    RefusedReaction,
    Rule,
    RuleOfType,
    Share,
    UnitOfShare,
    Why,
)
from adapters.postgres.ops.failed_reactions import FailedReaction
from adapters.postgres.ops.refused_commands import Refused
from domain.fact import Fact
from domain.ratio import Ratio
from projections.engine.fingerprint import code_digest, source_hash
from projections.engine.moment import Moment
from projections.engine.projection import Table
from projections.engine.summands import Summands
from projections.engine.watch import Change, RuleFunction, function_of


def changes_after(explanation: Explanation, after: int, limit: int) -> list[Change]:
    """Up to *limit* changes by facts above a position."""
    return [change for change in explanation.watched.changes if change.fact.position > after][:limit]


def why(
    explanation: Explanation, page: Sequence[Change], following: str | None = None, expectation: str | None = None
) -> Why:
    """The answer, with one page of the changes; *expectation* is the text of a value that was expected."""
    place, moment, watched = explanation.place, explanation.moment, explanation.watched
    by_type = [_rule(name, functions) for name, functions in watched.ran.items()]
    return Why(
        view=place.view,
        key=[str(value) for value in place.row.key],
        field="/".join(place.path),
        value=watched.value,
        exists=watched.exists,
        position=moment.position,
        valid_at=moment.valid_at,
        rule=_rule_of(place, by_type),
        touching=watched.touching,
        changes=len(watched.changes),
        failed=[FailedFact(position=f.position, type=f.type, error=error) for f, error in watched.failed],
        expected=None if expectation is None else _expected(expected(watched, expectation), explanation),
        items=[_change(change) for change in page],
        parts=None,
        share=None if watched.ratio is None else _share(watched.ratio),
        next=following,
    )


def why_sum(
    place: Place,
    moment: Moment,
    summands: Summands,
    page: Sequence[tuple[str, float]],
    parts: tuple[PartsBy, str | None],
) -> Why:
    """The answer about a number that adds up over many keys, with a page of its parts: by what, and what follows."""
    projection = place.projection
    by, following = parts
    handlers = [(name, projection.handlers[name].apply) for name in summands.types]
    shown = Parts(
        by=by,
        number=len(summands.by_key if by == "key" else summands.by_day),
        adds_up=summands.adds_up,
        waiting=summands.failed,
        items=[Part(of=of, added=added) for of, added in page],
    )
    rule = _rule_of(place, [_rule(name, [function_of(apply)]) for name, apply in handlers])
    changes = sum(summands.types.values())
    return _of_parts(place, moment, summands.value, (rule, shown, changes), following)


def why_members(
    place: Place, moment: Moment, members: CountedMembers, page: Sequence[str], following: str | None
) -> Why:
    """The answer about a count of learners, with a page of those whom it counts."""
    number, table = len(members.learners), place.row.table
    items = [Part(of=learner_id, added=1) for learner_id in page]
    shown = Parts(by="key", number=number, adds_up=members.value == number, waiting=0, items=items)
    condition = "" if place.members is None else place.members.condition
    rule = msgspec.structs.replace(
        _rule_of(place, []),
        meaning=f"How many rows of {table.name} of the run fit this: {condition}. Of each row: {meaning_of(table)}",
    )
    return _of_parts(place, moment._replace(position=members.position), members.value, (rule, shown, number), following)


def _of_parts(
    place: Place, moment: Moment, value: float | None, made_of: tuple[Rule, Parts, int], following: str | None
) -> Why:
    """The answer about a number that has parts: the rule, a page of the parts, and how many facts or rows count."""
    rule, parts, changes = made_of
    return Why(
        view=place.view,
        key=[str(each) for each in place.row.key],
        field="/".join(place.path),
        value=value,
        exists=value is not None,
        position=moment.position,
        valid_at=moment.valid_at,
        rule=rule,
        touching=changes,
        changes=changes,
        failed=[],
        expected=None,
        items=[],
        parts=parts,
        share=None,
        next=following,
    )


def _rule_of(place: Place, by_type: list[RuleOfType]) -> Rule:
    projection = place.projection
    return Rule(
        projection=projection.name,
        version=projection.version,
        code=code_digest(projection),
        source_hash=source_hash(projection),
        meaning=meaning_of(place.row.table),
        by_type=by_type,
    )


def meaning_of(table: Table) -> str:
    """What the author of the read model says of the rows of a table."""
    return inspect.cleandoc(table.row.__doc__ or "")


def _share(ratio: Ratio) -> Share:
    return Share(
        of=ratio.name,
        numerator=ratio.numerator,
        denominator=ratio.denominator,
        rounded=ratio.bp,
        parts=[UnitOfShare(**part._asdict()) for part in ratio.parts],
    )


def _expected(expectation: Expectation, explanation: Explanation) -> Expected:
    fact = None if expectation.change is None else _change(expectation.change)
    return Expected(
        value=expectation.value,
        was_ever=expectation.was_ever,
        fact=fact,
        unread=dict(explanation.unread),
        beside=[_beside(each) for each in explanation.beside[-MOST_BESIDE:]],
        refused=[_refused(each) for each in explanation.refused],
        refused_reactions=[_refused_reaction(each) for each in explanation.reactions],
    )


def _refused(refused: Refused) -> RefusedCommand:
    return RefusedCommand(at=refused.refused_at, **{name: getattr(refused, name) for name in refused._fields[1:]})


def _refused_reaction(each: FailedReaction) -> RefusedReaction:
    same = {name: getattr(each, name) for name in ("position", "type", "reaction", "state", "code", "sentence")}
    return RefusedReaction(at=each.last_tried_at, **same)


def _beside(beside: Beside) -> FactBeside:
    fact = beside.fact
    rule = fact.data.get("irregular")
    return FactBeside(
        position=fact.position, type=fact.type, occurred_at=fact.occurred_at, reason=beside.reason, rule=rule
    )


def _rule(name: str, functions: Sequence[RuleFunction]) -> RuleOfType:
    shown = [FunctionOfRule(module=each.module, name=each.name, line=each.line) for each in functions]
    return RuleOfType(type=name, functions=shown, source="\n\n".join(each.source for each in functions))


def _change(change: Change) -> FactOfChange:
    fact: Fact = change.fact
    return FactOfChange(
        position=fact.position,
        type=fact.type,
        stream_id=fact.stream_id,
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        actor=fact.meta.actor,
        on_behalf_of=fact.meta.on_behalf_of,
        source=fact.meta.source,
        causation_id=fact.meta.causation_id,
        correlation_id=fact.meta.correlation_id,
        irregular=fact.data.get("irregular"),
        before=change.before,
        after=change.after,
    )
