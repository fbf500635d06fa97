"""The same as a page: one file without scripts, fonts or addresses, for a screen and for paper."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

import msgspec

from adapters.personal.export import PersonalExport

NOTHING = "-"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>What this campus holds about you</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
{style}</style>
</head>
<body>
<main>
<h1>What this campus holds about you</h1>
<p>As of {exported_at}, up to position {position} of its log. Times are in UTC. The same as JSON is for programs.</p>
{body}
</main>
</body>
</html>
"""


def export_page(export: PersonalExport) -> bytes:
    """The page, in UTF-8."""
    beside = export.beside_the_log
    counted = {name: value for name, value in _fields(beside).items() if not isinstance(value, list)}
    parts = [
        _section("Who you are", _list({"number on this campus": export.learner_id, **_fields(export.profile)})),
        _section("What you have consented to", _table(export.consents)),
        _section("Where you are signed in", _table(beside.sessions)),
        _section("By which accounts elsewhere you sign in", _table(beside.identities)),
        _section("Dossiers about you that were asked for", _table(beside.dossiers)),
        _section("Files that you have handed in", _table(beside.files)),
        _section("What was refused to you, or about you", _table(beside.refusals)),
        _section("What else is kept", _list(counted)),
        _section("What is shown of your learning and your orders", _read_models(export.read_models)),
        _section("Everything that has happened, in its order", _history(export)),
    ]
    return PAGE.format(
        style=style(), exported_at=_text(export.exported_at), position=f"{export.position:,}", body="\n".join(parts)
    ).encode()


def style() -> str:
    """The style sheet of the page, for the hash in its policy."""
    return files("adapters.personal").joinpath("export.css").read_text("utf-8")


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>"


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)


def _list(values: Mapping[str, Any]) -> str:
    return entries((_words(name), _text(value)) for name, value in values.items())


def entries(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names with their values."""
    found = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f"<dl>{''.join(found)}</dl>"


def _table(rows: Sequence[msgspec.Struct]) -> str:
    if not rows:
        return "<p>Nothing.</p>"
    names = rows[0].__struct_fields__
    return table(map(_words, names), ([_text(getattr(row, name)) for name in names] for row in rows))


def table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table with the names of its columns."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _read_models(found: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> str:
    parts = []
    for tables in found.values():
        for name, rows in tables.items():
            if rows:
                parts += [f"<h3>{escape(_words(name)).capitalize()}</h3>", *map(_list, rows)]
    return "\n".join(parts) or "<p>Nothing.</p>"


def _history(export: PersonalExport) -> str:
    rows = (
        (f"{fact.position:,}", _text(fact.occurred_at), fact.type, fact.meta.actor, fact.stream_id, _content(fact.data))
        for fact in export.facts
    )
    return table(("position", "when", "what", "by", "record", "content"), rows) if export.facts else "<p>Nothing.</p>"


def _content(data: Mapping[str, Any]) -> str:
    return "; ".join(f"{_words(name)}: {_text(value)}" for name, value in data.items())


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
