"""Moodle XML, written: what Moodle's question bank imports, with the types of its core and of well-known plugins."""

import html
import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from adapters.questions.found import NotTaken
from adapters.questions.moodle_cloze import MARKS
from adapters.questions.percent import decimal, percent
from adapters.questions.xml import Element
from domain.questions import Key, Question, exact
from domain.questions.checks import GAP
from domain.questions.key import (
    ClozeKey,
    EssayKey,
    FileUploadKey,
    GapKey,
    MatchingKey,
    MultipleChoiceKey,
    NumericKey,
    OrderingKey,
    ShortTextKey,
    SingleChoiceKey,
    TrueFalseKey,
)
from domain.questions.question import (
    Cloze,
    Essay,
    FileUpload,
    Gap,
    Matching,
    MultipleChoice,
    Numeric,
    Option,
    Ordering,
    SingleChoice,
)
from domain.questions.sections import Label

FORMAT = {"html": "html", "plain": "plain_text", "markdown": "markdown"}
ORDER_RULES = {"all_or_nothing": "-1", "each_position": "0", "next_pair": "1", "longest_subset": "4"}


def document(questions: list[tuple[Label, Element]]) -> bytes:
    """A file of questions, each after its category where that changes."""
    quiz, category = etree.Element("quiz"), ""
    for label, question in questions:
        if label.category != category:
            element = _add(quiz, "question", type="category")
            category = label.category
            path = "/".join(["$course$", "top", *(part.replace("/", "//") for part in category.split("/") if part)])
            _add(_add(element, "category"), "text", path)
        quiz.append(question)
    return etree.tostring(quiz, encoding="UTF-8", xml_declaration=True)


def moodle_of(label: Label, question: Question, key: Key) -> Element:
    """One question as an element; raises NotTaken."""
    kind, write = _writer(question, key)
    element = etree.Element("question", type=kind)
    _add(_add(element, "name"), "text", label.title)
    text = _cloze_text(question, key) if isinstance(question, Cloze) and isinstance(key, ClozeKey) else question.text
    _text(element, "questiontext", text, question)
    _text(element, "generalfeedback", key.general, question)
    if kind != "cloze":
        _add(element, "defaultgrade", decimal(exact(question.points)))
    _add(element, "penalty", decimal(exact(question.hint_penalty)))
    if kind != "truefalse":
        _text(element, "correctfeedback", key.when_right, question)
        _text(element, "partiallycorrectfeedback", key.when_partly, question)
        _text(element, "incorrectfeedback", key.when_wrong, question)
    write(element, question, key)
    for hint in question.hints:
        _text(element, "hint", hint, question)
    if label.tags:
        tags = _add(element, "tags")
        for tag in label.tags:
            _add(_add(tags, "tag"), "text", tag)
    return element


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    element = etree.SubElement(parent, name, attributes)
    if text:
        try:
            element.text = text
        except ValueError:
            raise NotTaken("a text has a character that XML has not") from None
    return element


def _text(parent: Element, name: str, text: str, question: Question) -> Element:
    element = _add(parent, name, format=FORMAT[question.format])
    _add(element, "text", text)
    return element


def _answer(element: Element, share: str, text: str, feedback: str, question: Question, *, shown: bool) -> Element:
    """An answer; *shown* ones have the format of the question, the others are typed."""
    answer = _text(element, "answer", text, question) if shown else _add(element, "answer", format="moodle_auto_format")
    if not shown:
        _add(answer, "text", text)
    answer.set("fraction", percent(share))
    _text(answer, "feedback", feedback, question)
    return answer


def _writer(question: Question, key: Key) -> tuple[str, Callable[[Element, Any, Any], None]]:  # noqa: PLR0911 - one for each kind
    match key:
        case SingleChoiceKey():
            return "multichoice", _choice
        case MultipleChoiceKey(rule="shares"):
            return "multichoice", _choice
        case MultipleChoiceKey(rule="all_or_nothing"):
            return "multichoiceset", _choice
        case TrueFalseKey():
            return "truefalse", _true_false
        case NumericKey():
            return "numerical", _numeric
        case ShortTextKey():
            return "shortanswer", _short_text
        case MatchingKey():
            return "matching", _matching
        case OrderingKey():
            return "ordering", _ordering
        case EssayKey() | FileUploadKey() if not key.rubric:
            return "essay", _essay
        case ClozeKey():
            return "cloze", _nothing
    raise NotTaken("Moodle XML has no such kind, or not its rule for partial credit or its rubric")


def _choice(
    element: Element, question: SingleChoice | MultipleChoice, key: SingleChoiceKey | MultipleChoiceKey
) -> None:
    _add(element, "single", "true" if isinstance(key, SingleChoiceKey) else "false")
    _add(element, "shuffleanswers", "1" if question.shuffle else "0")
    whole = isinstance(key, MultipleChoiceKey) and key.rule == "all_or_nothing"
    for each in question.options:
        share = key.shares.get(each.option_id, "0")
        if whole and isinstance(key, MultipleChoiceKey):
            share = "1" if each.option_id in key.right else "0"
        _answer(element, share, each.text, key.feedback.get(each.option_id, ""), question, shown=True)


def _true_false(element: Element, question: Question, key: TrueFalseKey) -> None:
    for value in (True, False):
        share, feedback = ("1", key.when_right) if key.right == value else ("0", key.when_wrong)
        _answer(element, share, "true" if value else "false", feedback, question, shown=False)


def _numeric(element: Element, question: Numeric, key: NumericKey) -> None:
    for each in key.answers:
        answer = _answer(element, each.share, each.value, each.feedback, question, shown=False)
        _add(answer, "tolerance", each.tolerance)
    if key.units:
        units = _add(element, "units")
        for unit, of_base in key.units.items():
            one = _add(units, "unit")
            _add(one, "multiplier", of_base)
            _add(one, "unit_name", unit)
        _add(element, "unitgradingtype", "1")
        _add(element, "unitpenalty", decimal(exact(key.unit_penalty)))
        _add(element, "showunits", "0" if question.with_unit else "2")


def _short_text(element: Element, question: Question, key: ShortTextKey) -> None:
    _add(element, "usecase", "1" if key.case_sensitive else "0")
    for each in key.accepted:
        form = each.text if key.wildcards else each.text.replace("*", "\\*")
        _answer(element, each.share, form, each.feedback, question, shown=False)


def _matching(element: Element, question: Matching, key: MatchingKey) -> None:
    _add(element, "shuffleanswers", "1" if question.shuffle else "0")
    prompts = {each.option_id: each.text for each in question.prompts}
    for prompt, choice in key.pairs.items():
        _pair(element, prompts[prompt], next(each for each in question.choices if each.option_id == choice), question)
    for each in question.choices:
        if each.option_id not in key.pairs.values():
            _pair(element, "", each, question)


def _pair(element: Element, prompt: str, choice: Option, question: Question) -> None:
    pair = _text(element, "subquestion", prompt, question)
    _add(_add(pair, "answer"), "text", html.unescape(choice.text) if question.format == "html" else choice.text)


def _ordering(element: Element, question: Ordering, key: OrderingKey) -> None:
    _add(element, "gradingtype", ORDER_RULES[key.rule])
    _add(element, "selecttype", "0")
    texts = {each.option_id: each.text for each in question.options}
    for place, option_id in enumerate(key.order, 1):
        answer = _text(element, "answer", texts[option_id], question)
        answer.set("fraction", str(place))


def _essay(element: Element, question: Essay | FileUpload, key: EssayKey | FileUploadKey) -> None:
    if isinstance(question, FileUpload):
        _add(element, "responseformat", "noinline")
        _add(element, "attachments", str(question.max_files))
        _add(element, "maxbytes", str(question.max_bytes))
        _add(element, "filetypeslist", ",".join(question.accept))
    else:
        _add(element, "responseformat", "plain")
        _add(element, "responsefieldlines", str(question.lines))
        for name, limit in (("minwordlimit", question.min_words), ("maxwordlimit", question.max_words)):
            _add(element, name, "" if limit is None else str(limit))
    _text(element, "graderinfo", key.guidance, question)


def _nothing(element: Element, question: Question, key: Key) -> None:
    """A cloze has its answers in its text."""


def _cloze_text(question: Cloze, key: ClozeKey) -> str:
    gaps = {gap.question_id: gap for gap in question.gaps}
    return GAP.sub(lambda found: _gap(gaps[found[1]], key.gaps[found[1]]), question.text)


def _gap(gap: Gap, key: GapKey) -> str:
    match key:
        case SingleChoiceKey() if isinstance(gap, SingleChoice):
            kind = "MULTICHOICE_S" if gap.shuffle else "MULTICHOICE"
            answers = [
                _embedded(key.shares.get(each.option_id, "0"), each.text, key.feedback.get(each.option_id, ""))
                for each in gap.options
            ]
        case ShortTextKey():
            kind = "SHORTANSWER_C" if key.case_sensitive else "SHORTANSWER"
            forms = [each.text if key.wildcards else each.text.replace("*", "\\*") for each in key.accepted]
            if gap.format == "html":
                forms = [html.escape(form, quote=False) for form in forms]
            answers = [
                _embedded(each.share, form, each.feedback) for each, form in zip(key.accepted, forms, strict=True)
            ]
        case NumericKey(units={}):
            kind = "NUMERICAL"
            answers = [_embedded(each.share, f"{each.value}:{each.tolerance}", each.feedback) for each in key.answers]
        case _:
            raise NotTaken("gaps of Moodle have no units")
    return f"{{{gap.points}:{kind}:{'~'.join(answers)}}}"


def _embedded(share: str, text: str, feedback: str) -> str:
    weight = "=" if exact(share) == 1 else f"%{percent(share)}%"
    said = f"#{_marked(feedback)}" if feedback else ""
    return f"{weight}{_marked(text)}{said}"


def _marked(text: str) -> str:
    return MARKS.sub(lambda found: "\\" + found[0], text) if re.search(MARKS, text) else text
