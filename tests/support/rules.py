"""Projections that analysts might write, right and wrong."""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from campuslog import Fact, Handler, Projection, RowKey, Rows, Table


class Clicks(msgspec.Struct):
    """How much a learner has clicked."""

    learner_id: str
    amount: int = 0
    kinds: dict[str, int] = {}
    last_at: datetime | None = None


class Other(msgspec.Struct):
    """A row of some other table."""

    learner_id: str
    amount: int = 0


CLICKS = Table("clicks", Clicks, ("learner_id",))


def needs(fact: Fact) -> Iterable[RowKey]:
    return [RowKey(CLICKS, (fact.key,))]


def clicked(fact: Fact, rows: Rows) -> None:
    row = rows.edit(CLICKS, Clicks, fact.key)
    row.amount += fact.data["amount"]
    row.kinds[fact.data["kind"]] = row.kinds.get(fact.data["kind"], 0) + 1
    row.last_at = fact.occurred_at


def fails_at_twelve(fact: Fact, rows: Rows) -> None:
    clicked(fact, rows)
    if fact.key == "12":
        raise LookupError("learner 12 is unknown")


def wrong_class(fact: Fact, rows: Rows) -> None:
    rows.edit(CLICKS, Other, fact.key).amount += 1


def undeclared(fact: Fact, rows: Rows) -> None:
    rows.read(CLICKS, Clicks, "another")


def wrong_value(fact: Fact, rows: Rows) -> None:
    rows.edit(CLICKS, Clicks, fact.key).amount = "many"  # type: ignore[assignment]


def too_large(fact: Fact, rows: Rows) -> None:
    rows.edit(CLICKS, Clicks, fact.key).amount = 2**63


def no_unicode(fact: Fact, rows: Rows) -> None:
    rows.edit(CLICKS, Clicks, fact.key).kinds["\ud800"] = 1


def no_zone(fact: Fact, rows: Rows) -> None:
    rows.edit(CLICKS, Clicks, fact.key).last_at = datetime(2020, 1, 1)  # noqa: DTZ001 - that is the mistake


def ends(fact: Fact, rows: Rows) -> None:
    clicked(fact, rows)
    if fact.key == "12":
        sys.exit("that is enough")


async def awaits(fact: Fact, rows: Rows) -> None:
    clicked(fact, rows)


def yields(fact: Fact, rows: Rows) -> Iterable[None]:
    clicked(fact, rows)
    yield


def needs_rows(fact: Fact, rows: Rows | None = None) -> Iterable[RowKey]:
    return [RowKey(CLICKS, (fact.key,))] if rows is None else []


def no_learner(fact: Fact) -> Iterable[RowKey]:
    return [RowKey(CLICKS, (None,))]  # type: ignore[arg-type]


def clicked_by_no_learner(fact: Fact, rows: Rows) -> None:
    rows.edit(CLICKS, Clicks, None).amount += fact.data["amount"]  # type: ignore[arg-type]


def changed_key(fact: Fact, rows: Rows) -> None:
    rows.edit(CLICKS, Clicks, fact.key).learner_id = "another"


def rule(title: str, apply: Any = clicked, **attributes: Any) -> type[Projection]:
    """A projection that counts clicks, with these *attributes* instead of its own; None takes one away."""
    right: dict[str, Any] = {
        "name": "clicks",
        "tables": (CLICKS,),
        "handlers": {"progress.activity_recorded": Handler(needs, apply)},
    }
    chosen = {name: value for name, value in {**right, **attributes}.items() if value is not None}
    return type(title, (Projection,), chosen)


class ClicksByHand(Projection):
    """The same, as one writes it."""

    name = "clicks"
    tables = (CLICKS,)
    handlers: ClassVar[Mapping[str, Handler]] = {"progress.activity_recorded": Handler(needs, clicked)}
