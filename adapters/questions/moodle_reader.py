"""Moodle XML: the questions of a question bank, with categories between them (Moodle's question/format/xml)."""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

from adapters.questions.found import NotTaken, Read
from adapters.questions.gift_reader import category_of
from adapters.questions.moodle_cloze import cloze_of
from adapters.questions.normal import close, snapped
from adapters.questions.texts import as_html
from adapters.questions.xml import Element, child, children, line_of, name_of, text_in
from domain.questions import BadNumber, Key, Question, exact, written
from domain.questions.key import (
    AcceptedText,
    EssayKey,
    FileUploadKey,
    MatchingKey,
    MultipleChoiceKey,
    NumericAnswer,
    NumericKey,
    OrderingKey,
    OrderRule,
    ShortTextKey,
    SingleChoiceKey,
    TrueFalseKey,
)
from domain.questions.question import (
    Essay,
    FileUpload,
    Format,
    Matching,
    MultipleChoice,
    Numeric,
    Option,
    Ordering,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from domain.questions.sections import Label

FORMATS: dict[str, Format] = {
    "html": "html",
    "moodle_auto_format": "html",
    "moodle": "html",
    "plain_text": "plain",
    "plain": "plain",
    "markdown": "markdown",
}
AUTO = ("moodle_auto_format", "moodle")
ORDER_RULES: dict[str, OrderRule] = {
    "-1": "all_or_nothing",
    "0": "each_position",
    "1": "next_pair",
    "4": "longest_subset",
}
"""Moodle's numbers of the grading types of an ordering question that there are here, too."""


def read_moodle(root: Element) -> Read:
    """The questions of a Moodle XML file."""
    read, category = Read("moodle"), ""
    for element in children(root, "question"):
        if element.get("type") == "category":
            category = category_of(text_in(child(element, "category")))
            continue
        name = " ".join(text_in(child(element, "name")).split())
        title = name or text_in(child(element, "questiontext"))
        read.take(line_of(element), title, partial(_question, element, name, category))
    return read


def _question(element: Element, name: str, category: str) -> tuple[Label, Question, Key]:
    kind = element.get("type", "")
    reader = READERS.get(kind)
    if reader is None:
        raise NotTaken(f"questions of Moodle's type {kind[:40]!r} are not taken")
    if any(name_of(each) == "file" for each in element.iter()):
        raise NotTaken("it has files within it (pictures, sounds), which are not taken")
    texts = Texts(element)
    asked: Asked = {
        "question_id": "",
        "text": texts.of(child(element, "questiontext")),
        "format": texts.format,
        "points": _number(element, "defaultgrade", "1"),
        "hints": [text for hint in children(element, "hint") if (text := texts.of(hint))],
    }
    asked["hint_penalty"] = written(snapped(exact(_number(element, "penalty", "0")))) if asked["hints"] else "0"
    hidden = {
        "general": texts.of(child(element, "generalfeedback")),
        "when_right": texts.of(child(element, "correctfeedback")),
        "when_partly": texts.of(child(element, "partiallycorrectfeedback")),
        "when_wrong": texts.of(child(element, "incorrectfeedback")),
    }
    tags = [" ".join(text_in(tag).split()) for each in children(element, "tags") for tag in children(each, "tag")]
    question, key = reader(element, texts, asked, hidden)
    return Label(title=name, category=category, tags=tags), question, key


class Texts:
    """The texts of one question, all in the format of its own text; plain ones among HTML become HTML."""

    def __init__(self, element: Element) -> None:
        self.format = _format(child(element, "questiontext"))

    def of(self, element: Element | None) -> str:
        """The text of an element."""
        text = text_in(child(element, "text")) if element is not None else ""
        if element is None or not text.strip():
            return ""
        own = _format(element, self.format)
        if element.get("format") in AUTO and self.format == "html":
            return text.replace("\n", "<br>") if "<" in text else as_html(text)
        if own == self.format:
            return text
        if own == "plain" and self.format == "html":
            return as_html(text)
        raise NotTaken(f"its texts have two formats, {self.format} and {own}")


def _format(element: Element | None, default: Format = "html") -> Format:
    named = None if element is None else element.get("format")
    if named is None:
        return default
    if named not in FORMATS:
        raise NotTaken(f"the format {named[:40]!r} of a text is not known")
    return FORMATS[named]


def _value(element: Element, name: str, default: str = "") -> str:
    """The text of a child, which is shorter than any number needs."""
    found = child(element, name)
    return default if found is None else (text_in(found).strip()[:200] or default)


def _number(element: Element, name: str, default: str) -> str:
    value = _value(element, name, default)
    try:
        return written(close(exact(value)))
    except BadNumber as error:
        raise NotTaken(f"{name}: {error.sentence}") from None


def _whole(element: Element, name: str) -> int | None:
    value = _value(element, name)
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else None


def _is_set(element: Element, name: str, *, default: bool = False) -> bool:
    value = _value(element, name).lower()
    return value in ("1", "true") if value else default


def _share(answer: Element) -> str:
    """The fraction of an answer, in percent, as the share that it means."""
    percent = answer.get("fraction", "0").strip()[:40]
    try:
        return written(snapped(exact(percent) / 100))
    except BadNumber as error:
        raise NotTaken(f"fraction: {error.sentence}") from None


Pair: TypeAlias = tuple[Question, Key]
Asked: TypeAlias = dict[str, Any]
Hidden: TypeAlias = dict[str, Any]


def _multichoice(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    answers = list(children(element, "answer"))
    options = [Option(option_id=str(place), text=texts.of(each)) for place, each in enumerate(answers, 1)]
    shares = {str(place): _share(each) for place, each in enumerate(answers, 1)}
    feedback = {str(place): texts.of(child(each, "feedback")) for place, each in enumerate(answers, 1)}
    shuffle = _is_set(element, "shuffleanswers", default=True)
    kind = element.get("type")
    if kind == "multichoice" and _is_set(element, "single", default=True):
        return SingleChoice(**asked, options=options, shuffle=shuffle), SingleChoiceKey(
            **hidden, shares=shares, feedback=feedback
        )
    right = [each for each in shares if exact(shares[each]) > 0]
    question = MultipleChoice(**asked, options=options, shuffle=shuffle)
    if kind == "multichoiceset":
        return question, MultipleChoiceKey(**hidden, right=right, feedback=feedback)
    if kind == "oumultiresponse":
        return question, MultipleChoiceKey(**hidden, right=right, rule="right_minus_wrong", feedback=feedback)
    return question, MultipleChoiceKey(**hidden, right=right, rule="shares", shares=shares, feedback=feedback)


def _truefalse(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    said: dict[bool, str] = {}
    right = None
    for answer in children(element, "answer"):
        value = _value(answer, "text").lower()
        if value not in ("true", "false"):
            raise NotTaken(f"{value[:40]!r} is neither true nor false")
        said[value == "true"] = texts.of(child(answer, "feedback"))
        if exact(_share(answer)) == 1:
            right = value == "true"
    if right is None:
        raise NotTaken("neither true nor false has the fraction 100")
    hidden |= {"when_right": said.get(right, ""), "when_wrong": said.get(not right, "")}
    return TrueFalse(**asked), TrueFalseKey(**hidden, right=right)


def _shortanswer(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    accepted = [
        AcceptedText(
            text=" ".join(text_in(child(answer, "text")).split()),
            share=_share(answer),
            feedback=texts.of(child(answer, "feedback")),
        )
        for answer in children(element, "answer")
    ]
    key = ShortTextKey(**hidden, accepted=accepted, case_sensitive=_is_set(element, "usecase"), wildcards=True)
    return ShortText(**asked), key


def _numerical(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    answers = []
    for answer in children(element, "answer"):
        value = _value(answer, "text")
        feedback = texts.of(child(answer, "feedback"))
        if value == "*" and exact(_share(answer)) == 0:
            hidden["when_wrong"] = hidden["when_wrong"] or feedback
            continue
        if _value(answer, "tolerancetype", "2") != "2":
            raise NotTaken("a tolerance of it is relative in Moodle's own way, or geometric")
        value = value.replace(",", ".")
        tolerance = _number(answer, "tolerance", "0")
        try:
            answers.append(
                NumericAnswer(value=written(exact(value)), tolerance=tolerance, share=_share(answer), feedback=feedback)
            )
        except BadNumber as error:
            raise NotTaken(f"answer: {error.sentence}") from None
    units = {
        " ".join(_value(unit, "unit_name").split()): _number(unit, "multiplier", "1")
        for each in children(element, "units")
        for unit in children(each, "unit")
    }
    graded, shown = _value(element, "unitgradingtype", "0"), _value(element, "showunits", "3")
    if not units or shown == "3":
        return Numeric(**asked), NumericKey(**hidden, answers=answers)
    penalty = snapped(exact(_number(element, "unitpenalty", "0"))) if graded != "0" else Fraction(0)
    if graded == "2" and any(exact(each.share) != 1 for each in answers):
        raise NotTaken("a wrong unit costs a part of the question's grade, beside answers that are right in part")
    chosen = list(units) if shown in ("1", "2") else []
    key = NumericKey(**hidden, answers=answers, units=units, unit_penalty=written(penalty))
    return Numeric(**asked, units=chosen, with_unit=not chosen), key


def _matching(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    prompts: list[Option] = []
    choices: dict[str, str] = {}
    pairs: dict[str, str] = {}
    for place, each in enumerate(children(element, "subquestion"), 1):
        text = text_in(child(child(each, "answer"), "text")) if child(each, "answer") is not None else ""  # type: ignore[arg-type]
        text = as_html(text) if texts.format == "html" and child(each, "answer") is not None else text
        name = choices.setdefault(text.strip(), f"c{len(choices) + 1}")
        prompt = texts.of(each)
        if prompt:
            prompts.append(Option(option_id=f"p{place}", text=prompt))
            pairs[f"p{place}"] = name
    listed = [Option(option_id=name, text=text) for text, name in choices.items()]
    shuffle = _is_set(element, "shuffleanswers", default=True)
    return Matching(**asked, prompts=prompts, choices=listed, shuffle=shuffle), MatchingKey(**hidden, pairs=pairs)


def _ordering(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    rule = ORDER_RULES.get(_value(element, "gradingtype", "0"))
    if rule is None:
        raise NotTaken("its grading type is none of: all or nothing, absolute position, next item, longest subset")
    if _value(element, "selecttype", "0") not in ("0", "ALL"):
        raise NotTaken("it shows some of its items only")
    options = [
        Option(option_id=str(place), text=texts.of(each)) for place, each in enumerate(children(element, "answer"), 1)
    ]
    order = [each.option_id for each in options]
    return Ordering(**asked, options=options), OrderingKey(**hidden, order=order, rule=rule)


def _essay(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    guidance = texts.of(child(element, "graderinfo"))
    files = _whole(element, "attachments") or 0
    if _value(element, "responseformat") == "noinline":
        accept = [each for each in re.split(r"[\s,;]+", _value(element, "filetypeslist")) if each]
        size = _whole(element, "maxbytes") or 10_000_000
        upload = FileUpload(**asked, max_files=files or 1, max_bytes=size, accept=accept)
        return upload, FileUploadKey(**hidden, guidance=guidance)
    least, most = _whole(element, "minwordlimit"), _whole(element, "maxwordlimit")
    lines = _whole(element, "responsefieldlines") or 15
    essay = Essay(**asked, min_words=least, max_words=most, lines=lines)
    return essay, EssayKey(**hidden, guidance=guidance)


def _cloze(element: Element, texts: Texts, asked: Asked, hidden: Hidden) -> Pair:
    del asked["points"]  # they are the sum of the weights of the gaps
    return cloze_of(asked, hidden)


READERS: dict[str, Callable[[Element, Texts, Asked, Hidden], Pair]] = {
    "multichoice": _multichoice,
    "multichoiceset": _multichoice,
    "oumultiresponse": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
    "matching": _matching,
    "ordering": _ordering,
    "essay": _essay,
    "cloze": _cloze,
    "multianswer": _cloze,
}
