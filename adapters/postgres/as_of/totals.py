"""
Numbers of answers that are added up when they are read, by view, key and field: over which rows of which table.

    overview        `*` (the campus) or `*,SOURCE`      a field as of a run
    run_dashboard   RUN                                 days/DAY/STATUS, weeks/MONDAY/FIELD, counts/…, grades/CLASS
    balances        CURRENCY,ACCOUNT                    debit, credit, balance
    revenue         PERIOD,CURRENCY,COURSE              captured, refunded, disputed, fees, net, deferred, earned

Counts of learners (`counts/…`, `grades/…` of a run's dashboard) have members instead: members.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from adapters.postgres.queries.ledger import Balance, RevenueRow
from adapters.postgres.queries.overview import OverviewCounts
from adapters.postgres.queries.overview_sums import CAMPUS, FIRSTS
from domain.payment.posting import DEFERRED
from projections.course_dashboard import DAYS, WEEKS, CourseDay
from projections.engine.summands import Added, Condition, Term
from projections.ledger.rows import REVENUE, SUMS
from projections.overview import OVERVIEW

RUN_DASHBOARD = "run_dashboard"
EARNING = {"deferred": "credits", "earned": "debits"}  # of the account of what is deferred
PERIOD = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)


def added_up(view: str, key: Sequence[str], path: Sequence[str]) -> Added | None:
    """
    The rows and fields that an answer adds up.

    Args:
        view: as in the table above.
        path: names that lead to the value within the answer.

    Returns None if the answer has no such number, or does not add it up.
    """
    found = _VIEWS.get(view)
    return None if found is None or not path else found(tuple(key), tuple(path))


def _overview(key: tuple[str, ...], path: tuple[str, ...]) -> Added | None:
    """The campus, a source, or what is not a column of a run: those without a score."""
    field, of_campus = path[0], key == (CAMPUS,)
    of_source = len(key) == 2 and key[0] == CAMPUS
    if field not in OverviewCounts.__struct_fields__ or not (of_campus or of_source or field == "without_score"):
        return None
    name = "/".join(path[1:]) or None
    is_by_name = isinstance(getattr(OVERVIEW.row(""), field, None), dict)
    if is_by_name != (name is not None) or field in {"run_id", "source"}:
        return None
    terms: tuple[Term, ...] = (Term(field, name),)
    if field == "without_score":
        terms = (Term("submissions"), Term("graded", sign=-1))
    elif field in FIRSTS:
        terms = (Term(FIRSTS[field] + ("" if of_campus else "_of_source")),)
    if of_campus or of_source:
        which = [Condition("run_id", "is not", CAMPUS), *([Condition("source", "is", key[1])] if of_source else [])]
        return Added(OVERVIEW, tuple(which), terms)
    return Added(OVERVIEW, (Condition("run_id", "is", key[0]),), terms) if len(key) == 1 else None


def _run_dashboard(key: tuple[str, ...], path: tuple[str, ...]) -> Added | None:
    """A day has what has been added up to it; a week is a row."""
    if len(key) != 1 or len(path) != 3:
        return None
    listed, at, field = path
    of_run = Condition("run_id", "is", key[0])
    if listed == "days" and field in _numbers(CourseDay):
        return Added(DAYS, (of_run, Condition("day", "up to", at)), (Term(field),))
    if listed == "weeks" and field in _numbers(WEEKS.row):
        return Added(WEEKS, (of_run, Condition("week", "is", at)), (Term(field),))
    return None


def _balances(key: tuple[str, ...], path: tuple[str, ...]) -> Added | None:
    if len(key) != 2 or len(path) != 1 or path[0] not in _numbers(Balance):
        return None
    currency, account = map(re.escape, key)
    pattern = f"{currency} [^ ]* {account}"
    debit, credit = Term("debits", pattern=pattern), Term("credits", pattern=pattern)
    terms = {"debit": (debit,), "credit": (credit,), "balance": (debit, credit._replace(sign=-1))}
    return Added(SUMS, (), terms[path[0]])


def _revenue(key: tuple[str, ...], path: tuple[str, ...]) -> Added | None:
    if len(key) != 3 or len(path) != 1 or path[0] not in _numbers(RevenueRow) or not PERIOD.fullmatch(key[0]):
        return None
    period, currency, course = key
    if path[0] in EARNING:
        pattern = f"{re.escape(currency)} {re.escape(period)}[^ ]* {re.escape(f'{DEFERRED}:{course}')}"
        return Added(SUMS, (), (Term(EARNING[path[0]], pattern=pattern),))
    name = f"{currency} {course}"
    terms: tuple[Term, ...] = (Term(path[0], name),)
    if path[0] == "net":
        less = ("refunded", "disputed", "fees")
        terms = (Term("captured", name), *(Term(field, name, sign=-1) for field in less))
    return Added(REVENUE, (Condition("day", "begins with", period),), terms)


def _numbers(row: type[msgspec.Struct]) -> set[str]:
    """The fields of a row that are whole numbers."""
    return {field.name for field in msgspec.structs.fields(row) if field.type is int}


_VIEWS: Mapping[str, Callable[[tuple[str, ...], tuple[str, ...]], Added | None]] = {
    "overview": _overview,
    RUN_DASHBOARD: _run_dashboard,
    "balances": _balances,
    "revenue": _revenue,
}

ANSWERS: Mapping[str, str] = {
    RUN_DASHBOARD: "the key is a run; fields are counts/…, grades/CLASS, days/DAY/STATUS and weeks/MONDAY/FIELD",
    "balances": "the key is CURRENCY,ACCOUNT; fields are debit, credit and balance",
}
"""Views that are no tables: how their numbers are named."""
