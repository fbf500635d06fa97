"""
The page of a dossier: who, as of when, the results, the history, what is proven and how to check it.

One file without scripts, to be read on a screen or on paper. Each value says in `data-of` which value of a document or
a fact it is, so that verify.py can compare them.
"""

import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

from adapters.dossier.verifier.checks import Report, Statement
from adapters.dossier.verifier.command import not_proven, proven
from adapters.dossier.verifier.leaves import Fact
from adapters.dossier.verifier.page_check import FORM, NOTHING, SOURCE, found_at, page_values, shown

Way = list[str | int]

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""

TABLE = """<table{kind}>
<caption>{caption}</caption>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>"""

PROOF = """<h3>Proven, if verify.py says RIGHT</h3>
<ul>
{is_so}
</ul>
<h3>Not proven</h3>
<ul>
{is_not}
</ul>
<h3>How to check it</h3>
<p>Unpack the zip file into an empty directory. With Python 3.11 or later, and nothing else, run there:</p>
<pre>python3 verify.py</pre>
<p>The file verify.py is text: read it, or have it read. One byte that was changed in any file makes it say WRONG, with
the file, or the position of the fact.</p>"""


class Column(NamedTuple):
    """A column of a table: its heading, the field, and how it is shown."""

    heading: str
    field: str
    form: str = ""


class Shown(NamedTuple):
    """How a table of a read model is shown; *within*: the field whose entries are the rows."""

    title: str
    columns: Sequence[Column]
    within: str = ""


WHEN = "time"
COURSES = (
    Column("Course", "title"),
    Column("Run", "run_id"),
    Column("Status", "status"),
    Column("Outcome", "outcome"),
    Column("Grade", "grade_bp", "percent"),
    Column("Completed", "percent", "percent"),
    Column("Enrolled", "enrolled_at", WHEN),
    Column("Run ends", "ends_at", WHEN),
)
GRADES = (
    Column("Run", "run_id"),
    Column("Assessment", "quiz_id"),
    Column("Unit", "unit_id"),
    Column("Best score", "best_bp", "percent"),
    Column("Passed", "passed"),
    Column("Attempts", "attempts"),
    Column("Handed in", "submitted_at", WHEN),
    Column("Late by (s)", "late_by"),
)
ORDERS = (
    Column("Order", "order_id"),
    Column("Placed", "placed_at", WHEN),
    Column("Status", "status"),
    Column("Total (minor units)", "total"),
    Column("Currency", "currency"),
    Column("Paid", "paid_at", WHEN),
    Column("Reason", "reason"),
)
ENTITLEMENTS = (
    Column("Access by", "entitlement_id"),
    Column("Runs", "runs"),
    Column("Granted", "granted_at", WHEN),
    Column("Until", "access_until", WHEN),
    Column("Suspended", "is_suspended"),
    Column("Over", "over"),
    Column("Reason", "reason"),
)
TABLES = {
    "learner_dashboard": Shown("Courses", COURSES, "courses"),
    "gradebook": Shown("Assessments", GRADES),
    "orders": Shown("Orders", ORDERS),
    "entitlements": Shown("Access", ENTITLEMENTS),
}
"""The tables that have headings of their own; the others show every field that has a value."""
MOST_COLUMNS = 8  # of a table; one with more has its rows as lists, also on a wide screen

HEAD = (
    Column("Learner", "learner"),
    Column("As of position", "position"),
    Column("Recorded until", "recorded", WHEN),
    Column("Log", "tree"),
)
FACTS = (
    Column("Position", "position"),
    Column("Happened", "occurred_at", WHEN),
    Column("Recorded", "recorded_at", WHEN),
    Column("Fact", "type"),
    Column("Stream", "stream"),
    Column("By", "meta/actor"),
    Column("For", "meta/on_behalf_of"),
    Column("Content", "data"),
)


def page(report: Report, documents: dict[str, Any]) -> bytes:
    """The page, in UTF-8; *report* has the statement, the facts, the keys and the checkpoint."""
    statement = report.statement
    if statement is None:
        raise ValueError("a page is about what the campus states")
    values = page_values(statement._asdict(), report.facts, documents)
    about = [fact for fact in report.facts if fact.stream not in statement.rules]
    rules = [fact for fact in report.facts if fact.stream in statement.rules]
    parts = [
        _head(statement),
        _section("results", "Results", _results(values)),
        _section("history", "History", _history(values, about, "Every fact about the learner")),
        _section(
            "rules",
            "Rules",
            _history(values, rules, "Every fact of the courses, runs, assessments, imports and promotions"),
        ),
        _section("proof", "What is proven, and how to check it", _proof(report)),
    ]
    style = files("adapters.dossier").joinpath("page.css").read_text("utf-8")
    title, body = escape(f"Dossier of learner {statement.learner}"), "\n".join(parts)
    return TEMPLATE.format(title=title, style=style, body=body).encode()


def _head(statement: Statement) -> str:
    values = {"statement": statement._asdict()}
    entries = [f"<dt>{name}</dt>{_value(values, ['statement', field], form, 'dd')}" for name, field, form in HEAD]
    return "\n".join(["<dl>", *entries, "</dl>"])


def _section(name: str, title: str, content: str) -> str:
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{title}</h2>\n{content}\n</section>'


def _results(values: dict[str, Any]) -> str:
    first, others = [], []
    for name, document in values["documents"].items():
        for table, rows in document["rows"].items():
            if not rows:
                continue
            look = TABLES.get(table)
            ways: list[Way] = [["documents", name, "rows", table, number] for number in range(len(rows))]
            if look is None:
                others.append(_table(values, _words(table), _columns(rows), ways))
            else:
                within = [look.within] if look.within else []
                entries = [[*way, *within, at] for way in ways for at in range(len(found_at(values, [*way, *within])))]
                first.append(_table(values, look.title, look.columns, entries if within else ways))
    return "\n".join([*first, *others]) or "<p>The read models have no row about the learner.</p>"


def _columns(rows: Sequence[dict[str, Any]]) -> list[Column]:
    """The fields in which a row has something; the learner only where there is nothing else."""
    has = [
        field
        for field in rows[0]
        if field != "learner_id" and any(shown(row.get(field), "") != NOTHING for row in rows)
    ]
    return [Column(_words(field), field, _form(field)) for field in has or rows[0]]


def _words(name: str) -> str:
    words = name.removesuffix("_bp").replace("_", " ")
    return escape(words[:1].upper() + words[1:])


def _form(field: str) -> str:
    if field.endswith("_bp") or field == "percent":
        return "percent"
    return WHEN if field.endswith(("_at", "_until", "_from", "_start", "_end")) else ""


def _history(values: dict[str, Any], facts: Sequence[Fact], caption: str) -> str:
    if not facts:
        return "<p>None.</p>"
    return _table(values, caption, FACTS, [["facts", str(fact.position)] for fact in facts], wide=True)


def _table(
    values: dict[str, Any], caption: str, columns: Sequence[Column], ways: Iterable[Way], *, wide: bool = False
) -> str:
    """A table; on a narrow screen each row is a list of values with their headings."""
    heads = "".join(f'<th scope="col">{column.heading}</th>' for column in columns)
    rows = ["".join(_cell(values, [*way, *column.field.split("/")], column) for column in columns) for way in ways]
    kind = ' class="facts"' if wide else ' class="stacked"' if len(columns) > MOST_COLUMNS else ""
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return TABLE.format(kind=kind, caption=escape(caption), heads=heads, rows=body)


def _cell(values: dict[str, Any], way: Way, column: Column) -> str:
    return _value(values, way, column.form, "td", f' data-head="{column.heading}"')


def _value(values: dict[str, Any], way: Way, form: str, tag: str, more: str = "") -> str:
    text = shown(found_at(values, way), form)
    source = escape(json.dumps(way, ensure_ascii=False, separators=(",", ":")))
    as_form = f' {FORM}="{form}"' if form else ""
    return f'<{tag} {SOURCE}="{source}"{as_form}{more}>{escape(text)}</{tag}>'


def _proof(report: Report) -> str:
    is_so, is_not = ("\n".join(f"<li>{escape(each)}</li>" for each in said(report)) for said in (proven, not_proven))
    return PROOF.format(is_so=is_so, is_not=is_not)
