"""
GIFT, Moodle's text format: a question is a block of lines, its answers stand between braces.

Read in one pass over a block, so a file takes time as it is long. Sources: Moodle's documentation of the format, and
its importer (question/format/gift).
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from adapters.questions.found import NotTaken, Read
from adapters.questions.normal import snapped
from domain.questions import BadNumber, Key, Question, exact, written
from domain.questions.checks import MOST_PARTS
from domain.questions.key import (
    AcceptedText,
    EssayKey,
    MatchingKey,
    MultipleChoiceKey,
    NumericAnswer,
    NumericKey,
    ShortTextKey,
    SingleChoiceKey,
    TrueFalseKey,
)
from domain.questions.question import (
    Essay,
    Format,
    Matching,
    MultipleChoice,
    Numeric,
    Option,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from domain.questions.sections import Label

ESCAPES = {"\\\\": "\x0e", "\\:": "\x01", "\\#": "\x02", "\\=": "\x03", "\\{": "\x04", "\\}": "\x05", "\\~": "\x06"}
NEW_LINE = "\\n"
_ESCAPE = re.compile(r"\\[\\:#={}~n]")
_SPECIAL = re.compile("[\x01-\x06\x0e]")
_MEANT = {mark: escape[1] for escape, mark in ESCAPES.items()}
_TAG = re.compile(r"\[tag:((?:[^\]\\]|\\.){1,200})\]")
_FORMATS: dict[str, Format] = {"[html]": "html", "[moodle]": "html", "[plain]": "plain", "[markdown]": "markdown"}
_TRUE_FALSE = re.compile(r"\s*(TRUE|T|FALSE|F)\s*(?:#(.*))?\Z", re.IGNORECASE | re.DOTALL)
_WEIGHT = re.compile(r"\s*%\s*(-?[0-9]{1,3}(?:[.,][0-9]{1,10})?)\s*%")


class Block(NamedTuple):
    """One question's lines, with its first line's number, its category, and the tags of the comments in it."""

    line: int
    category: str
    tags: list[str]
    text: str


class Answer(NamedTuple):
    """An answer: its mark (`=` or `~`), its share if it has a weight, its text and its feedback."""

    sign: str
    share: Fraction | None
    text: str
    feedback: str


def read_gift(text: str) -> Read:
    """The questions of a GIFT file."""
    read = Read("gift")
    for block in _blocks(text):
        title, body = _title(_ESCAPE.sub(_protect, block.text))
        read.take(block.line, title or body, partial(_question, block, title, body))
    return read


def _protect(found: re.Match[str]) -> str:
    return "\n" if found[0] == NEW_LINE else ESCAPES[found[0]]


def _meant(text: str) -> str:
    """A text with its escaped characters, without spaces at its ends."""
    return _SPECIAL.sub(lambda found: _MEANT[found[0]], text.strip())


def _blocks(text: str) -> Iterator[Block]:
    category, tags, lines, first = "", list[str](), list[str](), 0
    for number, line in enumerate([*text.split("\n"), ""], 1):
        plain = line.strip()
        if plain.startswith("//"):
            tags += [_tag(tag) for tag in _TAG.findall(plain)]
        elif not lines and plain.startswith("$CATEGORY:"):
            category = category_of(plain.removeprefix("$CATEGORY:"))
        elif plain:
            first = first if lines else number
            lines.append(line)
        elif lines:
            yield Block(first, category, tags, "\n".join(lines))
            tags, lines = [], []


def _tag(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def category_of(path: str) -> str:
    """A category as a bank has it: without Moodle's words for where it is (`$course$/top`)."""
    parts = [part.strip() for part in path.replace("//", "\x0f").strip().split("/")]
    kept = [part.replace("\x0f", "-") for part in parts if part and not re.fullmatch(r"\$\w+\$", part)]
    return "/".join(kept[1:] if kept and kept[0].lower() == "top" else kept)


def _title(text: str) -> tuple[str, str]:
    text = text.strip()
    if text.startswith("::"):
        title, found, body = text[2:].partition("::")
        if found:
            return " ".join(_meant(title).split()), body.strip()
    return "", text


def _question(block: Block, title: str, body: str) -> tuple[Label, Question, Key]:
    text_format: Format = "html"
    for mark, meant in _FORMATS.items():
        if body.lower().startswith(mark):
            body, text_format = body[len(mark) :], meant
            break
    before, opened, rest = body.partition("{")
    answers, closed, after = rest.partition("}")
    if not opened or not closed:
        raise NotTaken("it has no answers between braces")
    if "{" in answers or "{" in after or "}" in after:
        raise NotTaken("it has more than one pair of braces; braces in a text are written \\{ and \\}")
    text = _meant(before)
    if after.strip():
        text = f"{text} _____ {_meant(after)}" if after[:1].isspace() else f"{text} _____{_meant(after)}"
    answers, _, general = answers.partition("####")
    asked: dict[str, Any] = {"question_id": "", "text": text, "format": text_format}
    question, key = _of_answers(asked, answers.strip(), _meant(general))
    return Label(title=title, category=block.category, tags=block.tags), question, key


def _of_answers(asked: dict[str, Any], answers: str, general: str) -> tuple[Question, Key]:
    if not answers:
        return Essay(**asked), EssayKey(general=general)
    if answers.startswith("#"):
        return Numeric(**asked), _numeric(answers[1:], general)
    found = _TRUE_FALSE.match(answers)
    if found:
        wrong, _, right = (found[2] or "").partition("#")
        is_true = found[1].upper().startswith("T")
        return TrueFalse(**asked), TrueFalseKey(
            right=is_true, general=general, when_right=_meant(right), when_wrong=_meant(wrong)
        )
    each = list(_answers(answers))
    signs = {answer.sign for answer in each}
    if signs == {"="} and any("->" in answer.text for answer in each):
        return _matching(asked, each, general)
    if signs == {"="}:
        return ShortText(**asked), _short_text(each, general)
    return _choice(asked, each, general)


def _answers(text: str) -> Iterator[Answer]:
    """The answers of a block, each from its mark to the next one."""
    marks = [found.start() for found in re.finditer("[=~]", text)]
    if not marks or text[: marks[0]].strip():
        raise NotTaken(f"an answer begins with = or ~, not {text[:20]!r}")
    if len(marks) > MOST_PARTS:
        raise NotTaken(f"it has more than {MOST_PARTS} answers")
    for start, end in zip(marks, [*marks[1:], len(text)], strict=True):
        sign, part = text[start], text[start + 1 : end]
        if sign == "~" and not part.strip() and text[end : end + 1] == "=":
            continue  # `~=` is a right answer
        weight = _WEIGHT.match(part)
        share = snapped(exact(weight[1].replace(",", ".")) / 100) if weight else None
        answer, _, feedback = part[weight.end() if weight else 0 :].partition("#")
        yield Answer(sign, share, answer.strip(), _meant(feedback))


def _share(answer: Answer) -> Fraction:
    return answer.share if answer.share is not None else Fraction(answer.sign == "=")


def _choice(asked: dict[str, Any], answers: list[Answer], general: str) -> tuple[Question, Key]:
    options = [Option(option_id=str(place), text=_meant(each.text)) for place, each in enumerate(answers, 1)]
    shares = {str(place): written(_share(each)) for place, each in enumerate(answers, 1)}
    feedback = {str(place): each.feedback for place, each in enumerate(answers, 1) if each.feedback}
    if any(each.sign == "=" for each in answers):
        single = SingleChoice(**asked, options=options, shuffle=True)
        return single, SingleChoiceKey(shares=shares, feedback=feedback, general=general)
    right = [each for each in shares if exact(shares[each]) > 0]
    key = MultipleChoiceKey(right=right, rule="shares", shares=shares, feedback=feedback, general=general)
    return MultipleChoice(**asked, options=options, shuffle=True), key


def _matching(asked: dict[str, Any], answers: list[Answer], general: str) -> tuple[Question, Key]:
    prompts: list[Option] = []
    choices: dict[str, str] = {}
    pairs: dict[str, str] = {}
    for place, each in enumerate(answers, 1):
        prompt, arrow, choice = each.text.partition("->")
        if not arrow:
            raise NotTaken(f"{each.text[:40]!r} is no pair: =prompt -> choice")
        if each.feedback:
            raise NotTaken("a pair has feedback, which is for the whole question only")
        name = choices.setdefault(_meant(choice), f"c{len(choices) + 1}")
        if prompt.strip():
            prompts.append(Option(option_id=f"p{place}", text=_meant(prompt)))
            pairs[f"p{place}"] = name
    listed = [Option(option_id=name, text=text) for text, name in choices.items()]
    question = Matching(**asked, prompts=prompts, choices=listed, shuffle=True)
    return question, MatchingKey(pairs=pairs, general=general)


def _short_text(answers: list[Answer], general: str) -> ShortTextKey:
    forms = [
        AcceptedText(text=" ".join(_meant(each.text).split()), share=written(_share(each)), feedback=each.feedback)
        for each in answers
    ]
    return ShortTextKey(accepted=forms, wildcards=True, general=general)


def _numeric(text: str, general: str) -> NumericKey:
    if "=" in text or "~" in text:
        each = list(_answers(text))
    else:
        value, _, feedback = text.partition("#")
        each = [Answer("=", None, value.strip(), _meant(feedback))]
    answers = [
        NumericAnswer(**number_range(_meant(answer.text)), share=written(_share(answer)), feedback=answer.feedback)
        for answer in each
        if answer.text not in ("", "*")
    ]
    wrong = [answer.feedback for answer in each if answer.text in ("", "*")]
    return NumericKey(answers=answers, general=general, when_wrong=wrong[0] if wrong else "")


def number_range(text: str) -> dict[str, Any]:
    """A value with its tolerance, from `1822:5`, `1817..1827` or `1822`."""
    try:
        if ".." in text:
            low, high = (exact(part.strip()) for part in (text.partition("..")[0], text.partition("..")[2]))
            return {"value": written((low + high) / 2), "tolerance": written(abs(high - low) / 2)}
        value, _, tolerance = text.partition(":")
        return {"value": written(exact(value.strip())), "tolerance": written(exact(tolerance.strip() or "0"))}
    except BadNumber as error:
        raise NotTaken(error.sentence) from None
