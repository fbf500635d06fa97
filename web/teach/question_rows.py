"""Questions and keys as the rows of their form: shares in percent, lines for rubrics and gaps."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from domain.questions.numbers import BadNumber, exact, written

Fields = dict[str, str]
Json = Mapping[str, Any]


def lines_of(text: str) -> str:
    """A text of a form with the line ends of the log."""
    return text.replace("\r\n", "\n")


def share_in(text: str) -> str:
    """A share as typed, in percent or as a fraction, as the API has it; what is none is left as it is."""
    plain = text.replace(",", ".").removesuffix("%").strip()
    try:
        return written(exact(plain) if "/" in plain else exact(plain) / 100)
    except BadNumber:
        return plain


def share_out(share: str) -> str:
    """A share as a form has it: in percent where that is exact, else as a fraction."""
    percent = written(exact(share) * 100)
    return share if "/" in percent else percent


def fields_of_kind(question: Json, key: Json) -> Fields:
    """The fields that the kind of a question has beside those of all."""
    return _KINDS[question["kind"]](question, key)


def _choices(question: Json, key: Json) -> Fields:
    fields = {"shuffle": "on" * bool(question.get("shuffle")), "rule": key.get("rule", "all_or_nothing")}
    fields |= {name: str(question.get(name) or "") for name in ("min_choices", "max_choices")}
    for no, option in enumerate(question["options"]):
        row, option_id = f"option-{no}", option["option_id"]
        share = key.get("shares", {}).get(option_id, "0")
        fields |= {f"{row}-id": option_id, f"{row}-text": option["text"], f"{row}-share": share_out(share)}
        fields |= {f"{row}-fixed": "on" * bool(option.get("fixed"))}
        fields |= {f"{row}-right": "on" * (option_id in key.get("right", ()))}
        fields |= {f"{row}-feedback": key.get("feedback", {}).get(option_id, "")}
    return fields


def _answers(answers: list[Json], value: str) -> Fields:
    fields: Fields = {}
    for no, answer in enumerate(answers):
        row = f"answer-{no}"
        fields |= {f"{row}-value": answer[value], f"{row}-share": share_out(answer.get("share", "1"))}
        fields |= {
            f"{row}-feedback": answer.get("feedback", ""),
            f"{row}-relative": "on" * bool(answer.get("relative")),
        }
        tolerance = answer.get("tolerance", "0")
        fields |= {f"{row}-tolerance": share_out(tolerance) if answer.get("relative") else tolerance}
    return fields


def _numeric(question: Json, key: Json) -> Fields:
    fields = _answers(key["answers"], "value")
    fields |= {"with_unit": "on" * bool(question.get("with_unit"))}
    fields |= {"unit_penalty": share_out(key.get("unit_penalty", "1"))}
    right = key.get("units", {})
    for no, unit in enumerate(dict.fromkeys([*question.get("units", ()), *right])):
        fields |= {f"unit-{no}-name": unit, f"unit-{no}-factor": right.get(unit, "")}
    return fields


def _short_text(question: Json, key: Json) -> Fields:
    fields = _answers(key["accepted"], "text") | {"max_length": str(question.get("max_length", 200))}
    fields |= {name: "on" * bool(key.get(name)) for name in ("case_sensitive", "wildcards")}
    return fields | {"spaces": key.get("spaces", "collapse")}


def _ordering(question: Json, key: Json) -> Fields:
    texts = {each["option_id"]: each["text"] for each in question["options"]}
    fields = {"rule": key.get("rule", "all_or_nothing")}
    for no, option_id in enumerate(key["order"]):
        fields |= {f"option-{no}-id": option_id, f"option-{no}-text": texts[option_id]}
    return fields


def _matching(question: Json, key: Json) -> Fields:
    choices = {each["option_id"]: each["text"] for each in question["choices"]}
    fields = {"rule": key.get("rule", "each_pair"), "shuffle": "on" * bool(question.get("shuffle"))}
    fields |= {"reuse": "on" * bool(question.get("reuse", True))}
    for no, prompt in enumerate(question["prompts"]):
        row, chosen = f"pair-{no}", key["pairs"].get(prompt["option_id"], "")
        fields |= {f"{row}-id": prompt["option_id"], f"{row}-prompt": prompt["text"]}
        fields |= {f"{row}-choice": choices.get(chosen, ""), f"{row}-choice_id": chosen}
    used = set(key["pairs"].values())
    return fields | {"others": "\n".join(text for name, text in choices.items() if name not in used)}


def _cloze(question: Json, key: Json) -> Fields:
    fields: Fields = {}
    for no, gap in enumerate(question["gaps"]):
        row = f"gap-{no}"
        fields |= {f"{row}-id": gap["question_id"], f"{row}-kind": gap["kind"], f"{row}-points": gap.get("points", "1")}
        fields |= {f"{row}-answers": gap_lines(gap, key["gaps"][gap["question_id"]])}
    return fields


def gap_lines(gap: Json, key: Json) -> str:
    """What a gap takes, a line for each: `= 8`, with its share where that is not all: `=50% eight`; `- 9` is wrong."""
    if gap["kind"] == "single_choice":
        shares = key.get("shares", {})
        pairs = [(exact(shares.get(each["option_id"], "0")), each["text"]) for each in gap["options"]]
    elif gap["kind"] == "numeric":
        pairs = [
            (exact(each.get("share", "1")), " +- ".join([each["value"], *_tolerance(each)])) for each in key["answers"]
        ]
    else:
        pairs = [(exact(each.get("share", "1")), each["text"]) for each in key["accepted"]]
    return "\n".join(f"{_mark(share)} {text}" for share, text in pairs)


def _tolerance(answer: Json) -> list[str]:
    return [answer["tolerance"]] if answer.get("tolerance", "0") != "0" else []


def _mark(share: Fraction) -> str:
    return "=" if share == 1 else "-" if share == 0 else f"={written(share * 100)}%"


def level_lines(levels: Sequence[Json]) -> str:
    """Levels of a rubric, a line for each."""
    return "\n".join(f"{level['points']}: {level['text']}" for level in levels)


def _by_person(question: Json, key: Json) -> Fields:
    fields = {"guidance": key.get("guidance", "")}
    fields |= {name: str(question.get(name) or "") for name in ("min_words", "max_words", "lines", "max_files")}
    fields |= {"accept": " ".join(question.get("accept", ()))}
    fields |= {"max_megabytes": written(Fraction(question.get("max_bytes", 10_000_000), 1_000_000))}
    for no, each in enumerate(key.get("rubric", ())):
        row = f"criterion-{no}"
        levels = level_lines(each["levels"])
        fields |= {f"{row}-id": each["criterion_id"], f"{row}-text": each["text"], f"{row}-levels": levels}
    return fields


def _true_false(_question: Json, key: Json) -> Fields:
    return {"right": "true" if key["right"] else "false"}


_KINDS: Mapping[str, Callable[[Json, Json], Fields]] = {
    "single_choice": _choices,
    "multiple_choice": _choices,
    "true_false": _true_false,
    "numeric": _numeric,
    "short_text": _short_text,
    "ordering": _ordering,
    "matching": _matching,
    "cloze": _cloze,
    "essay": _by_person,
    "file_upload": _by_person,
}
