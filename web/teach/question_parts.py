"""The parts of a question and of its key, read from the form of its kind."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.questions.numbers import BadNumber, exact
from web.teach.forms import Form, rows_of
from web.teach.question_rows import gap_lines, level_lines, lines_of, share_in

OF_ALL = ("general", "when_right", "when_partly", "when_wrong")
"""What is said about an answer, in every key."""
LINE = re.compile(r"(?P<mark>=|-)?\s*(?:(?P<share>[0-9.,/]+)\s*%)?\s*(?P<text>.*)")
LEVEL = re.compile(r"(?P<points>[0-9.,/]+)\s*[:)]?\s*(?P<text>.*)")
Json = dict[str, Any]


class Parts:
    """
    A question and its key, as far as they are read.

    Attributes:
        places: the field by the place of a part, as the API names it.
    """

    def __init__(self, form: Form, kind: str, old: Mapping[str, Any] | None) -> None:
        self.form, self.kind, self.old = form, kind, old
        self.question: Json = {"kind": kind}
        self.key: Json = {"kind": kind}
        self.places: dict[str, str] = {}

    def rows(self, name: str, needed: str) -> Iterator[tuple[int, str]]:
        """The rows where a field says something: where they stand among these, and how their fields begin."""
        filled = [no for no in rows_of(self.form.fields, name) if self.form[f"{name}-{no}-{needed}"]]
        return ((place, f"{name}-{no}-") for place, no in enumerate(filled))

    def ids(self, name: str, needed: str, letter: str) -> dict[str, str]:
        """The ids of the rows by how their fields begin; a new row gets one that none has."""
        rows = [row for _, row in self.rows(name, needed)]
        taken = {self.form[f"{row}id"] for row in rows} - {""}
        free = (each for no in range(1, 10_000) if (each := f"{letter}{no}") not in taken)
        return {row: self.form[f"{row}id"] or next(free) for row in rows}

    def shares(self, row: str, usual: str) -> str:
        """The share of a row."""
        return share_in(self.form[f"{row}share"] or usual)


def _options(parts: Parts) -> dict[str, str]:
    ids = parts.ids("option", "text", "o")
    options: list[Json] = []
    for place, (row, option_id) in enumerate(ids.items()):
        options.append({"option_id": option_id, "text": lines_of(parts.form[f"{row}text"])})
        if parts.form[f"{row}fixed"]:
            options[-1]["fixed"] = True
        parts.places |= {f"options[{place}]": f"{row}text", f"key.shares.{option_id}": f"{row}share"}
        parts.places |= {f"key.feedback.{option_id}": f"{row}feedback"}
    parts.places |= {"options": "option-0-text"}
    parts.question["options"] = options
    return ids


def choice_of(parts: Parts) -> None:
    """One of several, or several."""
    form, ids = parts.form, _options(parts)
    parts.question["shuffle"] = bool(form["shuffle"])
    said = {option_id: lines_of(form[f"{row}feedback"]) for row, option_id in ids.items() if form[f"{row}feedback"]}
    parts.key["feedback"] = said
    parts.places |= {"key.shares": "option-0-share", "key.right": "option-0-right"}
    if parts.kind == "single_choice":
        shares = {option_id: parts.shares(row, "0") for row, option_id in ids.items()}
        parts.key["shares"] = {name: share for name, share in shares.items() if share != "0"}
        return
    parts.places |= {"min_choices": "min_choices", "max_choices": "max_choices"}
    parts.question["min_choices"] = form.whole("min_choices", 0, 1_000) or 0
    parts.question["max_choices"] = form.whole("max_choices", 1, 1_000)
    parts.key["rule"] = form["rule"] or "all_or_nothing"
    parts.key["right"] = [option_id for row, option_id in ids.items() if form[f"{row}right"]]
    if parts.key["rule"] == "shares":
        shares = {option_id: parts.shares(row, "0") for row, option_id in ids.items()}
        parts.key["shares"] = {name: share for name, share in shares.items() if share != "0"}


def true_false_of(parts: Parts) -> None:
    """Whether it is true."""
    if not parts.form["right"]:
        parts.form.errors["right"] = parts.form.page.say("Say whether it is true")
    parts.key["right"] = parts.form["right"] == "true"


def _given(parts: Parts, name: str, listed: str) -> Iterator[tuple[str, Json]]:
    for place, row in parts.rows("answer", "value"):
        parts.places |= {f"key.{listed}[{place}]": f"{row}value", f"key.{listed}[{place}].share": f"{row}share"}
        parts.places |= {f"key.{listed}[{place}].tolerance": f"{row}tolerance"}
        value = parts.form[f"{row}value"]
        answer = {name: value, "share": parts.shares(row, "100"), "feedback": lines_of(parts.form[f"{row}feedback"])}
        yield row, answer


def numeric_of(parts: Parts) -> None:
    """A number, with what it may be off by, and units."""
    form = parts.form
    answers = []
    for row, answer in _given(parts, "value", "answers"):
        relative, tolerance = bool(form[f"{row}relative"]), form[f"{row}tolerance"].replace(",", ".") or "0"
        answer |= {"value": answer["value"].replace(",", "."), "relative": relative}
        answers.append({**answer, "tolerance": share_in(tolerance) if relative else tolerance})
    units = {form[f"{row}name"]: form[f"{row}factor"].replace(",", ".") for _, row in parts.rows("unit", "name")}
    parts.key |= {"answers": answers, "units": {name: factor for name, factor in units.items() if factor}}
    parts.key["unit_penalty"] = share_in(form["unit_penalty"] or "100")
    parts.question |= {"with_unit": bool(form["with_unit"]), "units": [] if form["with_unit"] else list(units)}
    parts.places |= {"key": "answer-0-share", "key.answers": "answer-0-value", "key.unit_penalty": "unit_penalty"}
    parts.places |= {"units": "unit-0-name", "key.units": "unit-0-factor"}


def text_of(parts: Parts) -> None:
    """A word or a few."""
    form = parts.form
    parts.key["accepted"] = [answer for _, answer in _given(parts, "text", "accepted")]
    parts.key |= {name: bool(form[name]) for name in ("case_sensitive", "wildcards")}
    parts.key["spaces"] = form["spaces"] or "collapse"
    parts.question["max_length"] = form.whole("max_length", 1, 2_000) or 200
    parts.places |= {"key": "answer-0-share", "key.accepted": "answer-0-value", "max_length": "max_length"}


def ordering_of(parts: Parts) -> None:
    """Options in the right order; they are listed in another one, which says nothing of it."""
    ids = list(_options(parts).values())
    options = {each["option_id"]: each for each in parts.question["options"]}
    before = [each["option_id"] for each in (parts.old or {}).get("question", {}).get("options", ())]
    listed = before if sorted(before) == sorted(ids) and before != ids else sorted(ids, key=lambda each: each[::-1])
    if listed == ids:
        listed = [*ids[1:], *ids[:1]]
    parts.question["options"] = [options[each] for each in listed]
    parts.key |= {"order": ids, "rule": parts.form["rule"] or "all_or_nothing"}


def matching_of(parts: Parts) -> None:
    """Prompts and what belongs to each; the same text is the same choice."""
    form, ids = parts.form, parts.ids("pair", "prompt", "p")
    known = {form[f"{row}choice"]: form[f"{row}choice_id"] for row in ids if form[f"{row}choice_id"]}
    old = {each["text"]: each["option_id"] for each in (parts.old or {}).get("question", {}).get("choices", ())}
    texts = [form[f"{row}choice"] for row in ids] + [line.strip() for line in form["others"].splitlines()]
    choices: dict[str, str] = {}
    for text in texts:
        if text and text not in choices:
            taken = {*choices.values(), *old.values()}
            fresh = next(each for no in range(1, 10_000) if (each := f"c{no}") not in taken)
            name = old.get(text) or known.get(text) or fresh
            choices[text] = name if name not in choices.values() else fresh
    parts.question["prompts"] = [{"option_id": name, "text": form[f"{row}prompt"]} for row, name in ids.items()]
    parts.question["choices"] = [{"option_id": name, "text": text} for text, name in choices.items()]
    parts.question |= {"shuffle": bool(form["shuffle"]), "reuse": bool(form["reuse"])}
    parts.key["pairs"] = {name: choices[form[f"{row}choice"]] for row, name in ids.items() if form[f"{row}choice"]}
    parts.key["rule"] = form["rule"] or "each_pair"
    parts.places |= {f"prompts[{place}]": f"{row}prompt" for place, row in enumerate(ids)}
    parts.places |= {"prompts": "pair-0-prompt", "choices": "pair-0-choice", "key.pairs": "pair-0-choice"}


def cloze_of(parts: Parts) -> None:
    """A text with gaps; a gap whose lines are as they were stays as it was."""
    gaps, keys = [], {}
    old = (parts.old or {}).get("question", {}), (parts.old or {}).get("key", {})
    before = {each["question_id"]: each for each in old[0].get("gaps", ())}
    for place, row in parts.rows("gap", "id"):
        gap_id, kind, lines = (parts.form[f"{row}{name}"] for name in ("id", "kind", "answers"))
        points = parts.form[f"{row}points"].replace(",", ".") or "1"
        had = before.get(gap_id)
        if had and had["kind"] == kind and gap_lines(had, old[1]["gaps"][gap_id]) == lines_of(lines):
            gap, key = {**had, "points": points}, old[1]["gaps"][gap_id]
        else:
            gap, key = _gap(kind, _read(lines))
        gaps.append({"text": "", **gap, "question_id": gap_id, "points": points})
        keys[gap_id] = key
        parts.places |= {f"gaps[{place}]": f"{row}answers", f"key.gaps.{gap_id}": f"{row}answers"}
    parts.question["gaps"] = gaps
    parts.key["gaps"] = keys
    parts.places |= {"gaps": "gap-0-id", "key.gaps": "gap-0-answers"}


def _read(lines: str) -> Iterator[tuple[str, str]]:
    """Lines such as `= 8`, `=50% eight`, `- 9` and `8` as shares and texts."""
    for line in lines.splitlines():
        found = LINE.fullmatch(line.strip())
        if found and found["text"]:
            yield ("0" if found["mark"] == "-" else share_in(found["share"] or "100")), found["text"]


def _gap(kind: str, answers: Iterator[tuple[str, str]]) -> tuple[Json, Json]:
    if kind == "single_choice":
        listed: Sequence[tuple[str, str]] = list(answers)
        options = [{"option_id": f"o{no}", "text": text} for no, (_, text) in enumerate(listed, 1)]
        shares = {f"o{no}": share for no, (share, _) in enumerate(listed, 1) if share != "0"}
        return {"kind": kind, "options": options}, {"kind": kind, "shares": shares}
    if kind == "numeric":
        given = []
        for share, text in answers:
            value, _, tolerance = text.replace("±", "+-").replace(",", ".").partition("+-")
            given.append({"value": value.strip(), "tolerance": tolerance.strip() or "0", "share": share})
        return {"kind": kind}, {"kind": kind, "answers": given}
    accepted = [{"text": text, "share": share} for share, text in answers]
    return {"kind": "short_text"}, {"kind": "short_text", "accepted": accepted}


def person_of(parts: Parts) -> None:
    """What a person grades: a text or files, by guidance and a rubric."""
    form = parts.form
    if parts.kind == "essay":
        parts.question |= {name: form.whole(name, 0, 1_000_000) for name in ("min_words", "max_words")}
        parts.question["lines"] = form.whole("lines", 1, 100) or 15
        parts.places |= {name: name for name in ("min_words", "max_words", "lines")}
    else:
        parts.question["max_files"] = form.whole("max_files", 1, 100) or 1
        parts.question["max_bytes"] = _bytes(form)
        parts.question["accept"] = form["accept"].replace(",", " ").split()
        parts.places |= {"max_files": "max_files", "max_bytes": "max_megabytes", "accept": "accept"}
    rubric, before = [], (parts.old or {}).get("key", {}).get("rubric", ())
    for place, (row, criterion_id) in enumerate(parts.ids("criterion", "text", "k").items()):
        found = [LEVEL.fullmatch(line.strip()) for line in form[f"{row}levels"].splitlines() if line.strip()]
        levels = [
            {"level_id": f"l{no}", "points": each["points"].replace(",", "."), "text": each["text"]}
            for no, each in enumerate(found, 1)
            if each
        ]
        if len(levels) < len(found):
            form.errors[f"{row}levels"] = form.page.say("A line for each level: its points, then its words")
        had = next((each for each in before if each["criterion_id"] == criterion_id), None)
        if had and level_lines(had["levels"]) == lines_of(form[f"{row}levels"]):
            levels = had["levels"]
        rubric.append({"criterion_id": criterion_id, "text": form[f"{row}text"], "levels": levels})
        parts.places[f"key.rubric[{place}]"] = f"{row}levels"
    parts.key |= {"rubric": rubric, "guidance": lines_of(form["guidance"])}


def _bytes(form: Form) -> int:
    """The most bytes of a file, from megabytes as typed."""
    try:
        found = int(exact(form["max_megabytes"].replace(",", ".") or "10") * 1_000_000)
    except BadNumber:
        found = 0
    if found < 1:
        form.errors["max_megabytes"] = form.page.say("How many megabytes a file may have")
    return found
