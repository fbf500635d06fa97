"""QTI 1.2 as Canvas exports its quizzes: items with a `question_type` in their metadata."""

import html
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

from adapters.questions.formulas import with_formulas
from adapters.questions.found import NotTaken, Read
from adapters.questions.qti_scoring import value_of
from adapters.questions.xml import Element, child, line_of, name_of, text_in
from domain.questions import Key, Question, written
from domain.questions.key import (
    AcceptedText,
    ClozeKey,
    EssayKey,
    FileUploadKey,
    GapKey,
    MatchingKey,
    MultipleChoiceKey,
    NumericAnswer,
    NumericKey,
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
    ShortText,
    SingleChoice,
    TrueFalse,
)
from domain.questions.sections import Label

_BLANK = re.compile(r"\[([^\[\]\s]{1,64})\]")
_PICTURE = re.compile(r"<(img|audio|video|iframe|object|embed)\b", re.IGNORECASE)
FEEDBACK = {"general_fb": "general", "correct_fb": "when_right", "general_incorrect_fb": "when_wrong"}

Pair: TypeAlias = tuple[Question, Key]
Asked: TypeAlias = dict[str, Any]
Hidden: TypeAlias = dict[str, Any]


def read_canvas(read: Read, root: Element, file: str) -> None:
    """Add the questions of a file of QTI 1.2."""
    for item in _within(root, "item"):
        title = " ".join(item.get("title", "").split())
        read.take(line_of(item), title, partial(_question, item, title), file)


def _within(element: Element, *names: str) -> Iterator[Element]:
    for each in element.iter():
        if name_of(each) in names:
            yield each


def _question(item: Element, title: str) -> tuple[Label, Question, Key]:
    metadata = {
        text_in(child(each, "fieldlabel")).strip(): text_in(child(each, "fieldentry")).strip()
        for each in _within(item, "qtimetadatafield")
    }
    kind = metadata.get("question_type", "")
    reader = READERS.get(kind)
    if reader is None:
        raise NotTaken(f"questions of the type {kind[:40]!r} are not taken" if kind else "it has no question_type")
    presentation = child(item, "presentation")
    if presentation is None:
        raise NotTaken("it has no presentation: nothing is asked")
    points = written(value_of(metadata.get("points_possible") or "1", "points_possible"))
    asked: Asked = {"question_id": "", "text": _material(presentation), "format": "html", "points": points}
    if _PICTURE.search(asked["text"]):
        raise NotTaken("it has pictures or sounds, which are not taken")
    said = {each.get("ident", ""): _material(each) for each in _within(item, "itemfeedback")}
    hidden = {FEEDBACK[ident]: text for ident, text in said.items() if ident in FEEDBACK}
    return Label(title=title), *reader(Item(item, presentation, said), asked, hidden)


def _material(element: Element) -> str:
    """The text of the first material of an element, as HTML."""
    for text in _within(element, "mattext"):
        content = text_in(text)
        is_html = text.get("texttype", "text/html") == "text/html"
        return with_formulas(content) if is_html else html.escape(content, quote=False)
    return ""


class Item:
    """The parts of an item that its readers need."""

    def __init__(self, item: Element, presentation: Element, feedback: dict[str, str]) -> None:
        self.item, self.presentation, self.feedback = item, presentation, feedback

    @property
    def responses(self) -> list[Element]:
        """The responses that it asks for."""
        return list(_within(self.presentation, "response_lid", "response_str", "response_num"))

    def options(self, response: Element) -> list[Option]:
        """The labels of a response."""
        return [
            Option(option_id=each.get("ident", ""), text=_material(each))
            for each in _within(response, "response_label")
        ]

    def said(self, options: list[Option]) -> dict[str, str]:
        """The feedback of each option."""
        found = {each.option_id: self.feedback.get(f"{each.option_id}_fb", "") for each in options}
        return {option_id: text for option_id, text in found.items() if text}

    def scored(self) -> Iterator[tuple[Element, Fraction]]:
        """Each condition that sets or adds points, with these, of 100."""
        for condition in _within(self.item, "respcondition"):
            for setvar in _within(condition, "setvar"):
                points = value_of(text_in(setvar) or "0", "setvar")
                if points > 0:
                    yield condition, points

    def right(self, response: str) -> list[str]:
        """The values of a response that are worth points, in their order, each once."""
        values = [
            text_in(each).strip()
            for condition, _ in self.scored()
            for each in _within(condition, "varequal")
            if each.get("respident", "") == response and not _is_negated(each)
        ]
        return list(dict.fromkeys(values))


def _is_negated(element: Element) -> bool:
    return any(name_of(parent) == "not" for parent in element.iterancestors())


def _one_response(item: Item) -> Element:
    responses = item.responses
    if len(responses) != 1:
        raise NotTaken(f"it asks for {len(responses)} responses, its type for one")
    return responses[0]


def _choice(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    response = _one_response(item)
    options = item.options(response)
    shares = dict.fromkeys(item.right(response.get("ident", "")), "1")
    key = SingleChoiceKey(**hidden, shares=shares, feedback=item.said(options))
    return SingleChoice(**asked, options=options), key


def _true_false(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    response = _one_response(item)
    texts = {each.option_id: each.text.strip().lower() for each in item.options(response)}
    right = [texts.get(each) for each in item.right(response.get("ident", ""))]
    if sorted(texts.values()) != ["false", "true"] or len(right) != 1:
        return _choice(item, asked, hidden)
    return TrueFalse(**asked), TrueFalseKey(**hidden, right=right == ["true"])


def _several(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    response = _one_response(item)
    options = item.options(response)
    right = item.right(response.get("ident", ""))
    key = MultipleChoiceKey(**hidden, right=right, rule="right_minus_wrong", feedback=item.said(options))
    return MultipleChoice(**asked, options=options), key


def _short_text(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    forms = [AcceptedText(text=each) for each in item.right(_one_response(item).get("ident", ""))]
    return ShortText(**asked), ShortTextKey(**hidden, accepted=forms)


def _numeric(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    answers: list[NumericAnswer] = []
    for condition, _ in item.scored():
        low, high, value = (
            next((value_of(text_in(each), name) for each in _within(condition, name)), None)
            for name in ("vargte", "varlte", "varequal")
        )
        if any(True for _ in _within(condition, "vargt", "varlt")):
            raise NotTaken("a bound of its range does not belong to it")
        if low is not None and high is not None:
            middle, tolerance = (low + high) / 2, abs(high - low) / 2
        elif value is not None:
            middle, tolerance = value, Fraction(0)
        else:
            raise NotTaken("a right number has no range and no value")
        answers.append(NumericAnswer(value=written(middle), tolerance=written(tolerance)))
    return Numeric(**asked), NumericKey(**hidden, answers=answers)


def _matching(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    prompts: list[Option] = []
    choices: dict[str, Option] = {}
    pairs: dict[str, str] = {}
    for place, response in enumerate(item.responses, 1):
        prompts.append(Option(option_id=f"p{place}", text=_material(response)))
        choices |= {each.option_id: each for each in item.options(response)}
        right = item.right(response.get("ident", ""))
        if len(right) != 1:
            raise NotTaken(f"{len(right)} choices are right for {prompts[-1].text[:40]!r}")
        pairs[f"p{place}"] = right[0]
    return Matching(**asked, prompts=prompts, choices=list(choices.values())), MatchingKey(**hidden, pairs=pairs)


def _blanks(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    """Blanks `[name]` in the text; the response to one is called `response_name`."""
    by_name: dict[str, Element] = {}
    for response in item.responses:
        by_name[response.get("ident", "").removeprefix("response_")] = response
    gaps: list[Gap] = []
    keys: dict[str, GapKey] = {}

    def place(found: re.Match[str]) -> str:
        response = by_name.pop(found[1], None)
        if response is None:
            return found[0]
        gap_id = f"g{len(gaps) + 1}"
        gap, keys[gap_id] = _gap(item, response, gap_id)
        gaps.append(gap)
        return f"{{{{{gap_id}}}}}"

    text = _BLANK.sub(place, asked["text"])
    if by_name:
        raise NotTaken(f"its text has no blank [{next(iter(by_name))[:40]}]")
    return Cloze(**asked | {"text": text}, gaps=gaps), ClozeKey(**hidden, gaps=keys)


def _gap(item: Item, response: Element, gap_id: str) -> tuple[Gap, GapKey]:
    options = item.options(response)
    right = item.right(response.get("ident", ""))
    asked: Asked = {"question_id": gap_id, "text": "", "format": "html"}
    if item.item.xpath("boolean(.//*[local-name()='fieldentry'][normalize-space()='multiple_dropdowns_question'])"):
        return SingleChoice(**asked, options=options), SingleChoiceKey(shares=dict.fromkeys(right, "1"))
    texts = {each.option_id: html.unescape(each.text) for each in options}
    forms = [AcceptedText(text=" ".join(texts.get(each, each).split())) for each in right or list(texts)]
    return ShortText(**asked), ShortTextKey(accepted=forms)


def _essay(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    return Essay(**asked), EssayKey(**hidden)


def _upload(item: Item, asked: Asked, hidden: Hidden) -> Pair:
    return FileUpload(**asked), FileUploadKey(**hidden)


READERS: dict[str, Callable[[Item, Asked, Hidden], Pair]] = {
    "multiple_choice_question": _choice,
    "true_false_question": _true_false,
    "multiple_answers_question": _several,
    "short_answer_question": _short_text,
    "numerical_question": _numeric,
    "matching_question": _matching,
    "fill_in_multiple_blanks_question": _blanks,
    "multiple_dropdowns_question": _blanks,
    "essay_question": _essay,
    "file_upload_question": _upload,
}
"""By Canvas' name of a type; calculated questions and texts without a question are not taken."""
