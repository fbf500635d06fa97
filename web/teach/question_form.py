"""
A question and its key as a form has them: fields such as `option-2-text`, whose rows a button adds.

`question_of` reads the form, `fields_of` draws it. Each notes where the parts of the question stand (`places`), so that
what the API says of `key.answers[1].value` is said beside that field. Shares are typed in percent, or as `1/3`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from web.client import Problem
from web.teach.forms import Form, rows_shown
from web.teach.question_parts import (
    OF_ALL,
    Parts,
    choice_of,
    cloze_of,
    matching_of,
    numeric_of,
    ordering_of,
    person_of,
    text_of,
    true_false_of,
)
from web.teach.question_rows import fields_of_kind, lines_of, share_in, share_out

KINDS = (
    *("single_choice", "multiple_choice", "true_false", "numeric", "short_text"),
    *("ordering", "matching", "cloze", "essay", "file_upload"),
)
ROWS = {
    "single_choice": "option",
    "multiple_choice": "option",
    "ordering": "option",
    "numeric": "answer",
    "short_text": "answer",
    "matching": "pair",
    "cloze": "gap",
    "essay": "criterion",
    "file_upload": "criterion",
}
"""What the rows of a kind are called."""
BEGINS_WITH = {"option": 4, "answer": 2, "pair": 4, "gap": 2, "criterion": 1, "unit": 1}

_KINDS: Mapping[str, Callable[[Parts], None]] = {
    "single_choice": choice_of,
    "multiple_choice": choice_of,
    "true_false": true_false_of,
    "numeric": numeric_of,
    "short_text": text_of,
    "ordering": ordering_of,
    "matching": matching_of,
    "cloze": cloze_of,
    "essay": person_of,
    "file_upload": person_of,
}


def question_of(form: Form, old: Mapping[str, Any] | None = None) -> Parts:
    """
    The question and the key that a form says.

    Args:
        old: the question with its key as it is, for what no form has.
    """
    kind = form["kind"] if form["kind"] in KINDS else KINDS[0]
    parts = Parts(form, kind, old)
    parts.question |= {"text": lines_of(form["text"]), "format": form["format"] or "plain"}
    parts.question["points"] = form["points"].replace(",", ".") or "1"
    hints = [line.strip() for line in lines_of(form["hints"]).split("\n") if line.strip()]
    parts.question |= {"hints": hints, "hint_penalty": share_in(form["hint_penalty"] or "0")}
    parts.key |= {name: lines_of(form[name]) for name in OF_ALL}
    parts.places |= {name: name for name in ("text", "points", "hints", "hint_penalty")}
    parts.places |= {f"key.{name}": name for name in OF_ALL}
    _KINDS[kind](parts)
    return parts


def fields_of(question: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the form of a question."""
    fields = {
        "kind": question["kind"],
        "text": question["text"],
        "format": question.get("format", "plain"),
        "points": question.get("points", "1"),
        "hints": "\n".join(question.get("hints", ())),
        "hint_penalty": share_out(question.get("hint_penalty", "0")),
        **{name: key.get(name, "") for name in OF_ALL},
    }
    return fields | fields_of_kind(question, key)


def rows_for(form: Form, kind: str) -> dict[str, list[int]]:
    """The rows that a form shows: those with something, and empty ones at the end."""
    names = {ROWS.get(kind, ""), "unit" if kind == "numeric" else ""} - {""}
    return rows_shown(form, {name: BEGINS_WITH[name] for name in names})


def note_refusal(form: Form, problem: Problem, places: Mapping[str, str]) -> None:
    """Put what the API says of a question beside its fields."""
    form.refused(problem)
    for each in problem.facts.get("problems", ()):
        place, _, sentence = each.partition(": ")
        name = _field_at(place, places)
        if name:
            form.errors.setdefault(name, sentence)
    if problem.code == "unreadable_question":
        said = problem.facts.get("detail", "")
        place = said.rpartition("`$.")[2].partition("`")[0]
        name = _field_at(f"key.{place}" if "no key" in said else place, places)
        if name:
            form.errors.setdefault(name, form.page.say("This cannot be read; a number is 3, 2.5 or 1/3"))


def _field_at(place: str, places: Mapping[str, str]) -> str:
    """The field for a place: that of its longest beginning."""
    found = max((each for each in places if place.startswith(each)), key=len, default="")
    return places.get(found, "")
