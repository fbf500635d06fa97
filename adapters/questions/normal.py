"""
The one form of a question that means the same: how files that say the same become the same question.

Options are named by their place, what must not be listed in its right order is listed by its text's hash, rules that
are another rule in other words become that one, texts have no spaces at their ends. The id comes from the content, so a
file that is imported twice adds nothing.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import msgspec

from domain.questions import BadNumber, Key, Question, exact, written
from domain.questions.base import Part
from domain.questions.html import TEXT_FIELDS, cleaned, mapped
from domain.questions.key import (
    ClozeKey,
    MatchingKey,
    MultipleChoiceKey,
    NumericAnswer,
    NumericKey,
    OrderingKey,
    ShortTextKey,
    SingleChoiceKey,
)
from domain.questions.question import Cloze, Matching, MultipleChoice, Option, Ordering, SingleChoice
from domain.questions.texts import wildcard_pieces

replace: Callable[..., Any] = msgspec.structs.replace
PartT = TypeVar("PartT", bound=Part)
ID_LENGTH = 24  # hex digits of the content's hash
SNAP = Fraction(1, 2_000)  # how far a rounded share, such as 33.333 %, may be from the fraction that it means
SNAP_DENOMINATOR = 20


def normal(question: Question, key: Key) -> tuple[Question, Key]:
    """The normal form of a question that is right, with the id of its content; other ones only as far as it goes."""
    question, key = _stripped(question), _stripped(key)
    if question.format == "html":
        question, key = _with_spaces(cleaned(question)), _with_spaces(cleaned(key))
    question, key = _of_kind(question, key)
    if not question.hints:
        question = replace(question, hint_penalty="0")
    question = replace(question, points=number(question.points), hint_penalty=number(question.hint_penalty))
    return replace(question, question_id=content_id(question, key)), key


def content_id(question: Question, key: Key) -> str:
    """An id for a question in normal form, from its content: `q` and the beginning of a SHA-256."""
    content = msgspec.json.encode([replace(question, question_id=""), key], order="sorted")
    return f"q{hashlib.sha256(content).hexdigest()[:ID_LENGTH]}"


def snapped(share: Fraction) -> Fraction:
    """The fraction that a rounded decimal means: 0.33333 is a third."""
    near = share.limit_denominator(SNAP_DENOMINATOR)
    return near if abs(near - share) <= SNAP else share


def number(text: str) -> str:
    """The canonical text of a number; what is no number stays, and is refused later."""
    try:
        return written(exact(text))
    except BadNumber:  # check_question says so
        return text


def lines(text: str) -> str:
    """A text without spaces at its ends, with line ends of one sort."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def close(value: Fraction) -> Fraction:
    """Points that were written with many places: 1.3333333 is four thirds."""
    near = value.limit_denominator(SNAP_DENOMINATOR)
    return near if abs(near - value) <= Fraction(1, 10**6) else value


def _stripped(part: PartT) -> PartT:
    changed: dict[str, Any] = {
        name: _strip(getattr(part, name), is_text=name in TEXT_FIELDS) for name in part.__struct_fields__
    }
    kept: PartT = replace(part, **changed)
    return kept


def _strip(value: Any, *, is_text: bool) -> Any:
    if isinstance(value, str):
        return lines(value) if is_text else value
    if isinstance(value, list):
        return [_strip(each, is_text=is_text) for each in value]
    if isinstance(value, dict):
        stripped = {name: _strip(each, is_text=is_text) for name, each in value.items()}
        return {name: each for name, each in stripped.items() if each} if is_text else stripped
    if isinstance(value, Part):  # accepted forms are compared as they are: only what is said about them is a text
        said = getattr(value, "feedback", None)
        return replace(value, feedback=said.strip()) if isinstance(said, str) else _stripped(value)
    return value


def _with_spaces(part: PartT) -> PartT:
    """HTML in which spaces in a row are one, as they are shown; not where some of it is preformatted."""
    if "<pre" in str(part):
        return part
    spaced: PartT = mapped(part, lambda text: re.sub(r"[ \t\n]+", " ", text).strip())
    return spaced


def _of_kind(question: Question, key: Key) -> tuple[Question, Key]:  # noqa: PLR0911 - one for each kind
    match question, key:
        case SingleChoice(), SingleChoiceKey():
            return _single(question, key)
        case MultipleChoice(), MultipleChoiceKey():
            return _multiple(question, key)
        case _, NumericKey():
            return question, _numeric(key)
        case _, ShortTextKey():
            return question, _short_text(key)
        case Ordering(), OrderingKey():
            return _ordering(question, key)
        case Matching(), MatchingKey():
            return _matching(question, key)
        case Cloze(), ClozeKey():
            return _cloze(question, key)
    return question, key


def _renamed(options: Sequence[Option], prefix: str = "") -> tuple[list[Option], dict[str, str]]:
    """Options named by their places, and the new name of each."""
    names = {each.option_id: f"{prefix}{place}" for place, each in enumerate(options, 1)}
    return [replace(each, option_id=names[each.option_id]) for each in options], names


def by_hash(options: Sequence[Option]) -> list[Option]:
    """Options in an order that says nothing about what is right."""
    return sorted(options, key=lambda each: hashlib.sha256(each.text.encode(errors="replace")).digest())


def _shares(shares: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    new = {names.get(each, each): number(share) for each, share in shares.items()}
    return {each: new[each] for each in sorted(new, key=_place) if new[each] != "0"}


def _place(option_id: str) -> tuple[int, str]:
    return (int(option_id), "") if option_id.isascii() and option_id.isdecimal() else (10**9, option_id)


def _feedback(feedback: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    new = {names.get(each, each): text for each, text in feedback.items()}
    return {each: new[each] for each in sorted(new, key=_place)}


def _single(question: SingleChoice, key: SingleChoiceKey) -> tuple[Question, Key]:
    options, names = _renamed(question.options)
    shares, feedback = _shares(key.shares, names), _feedback(key.feedback, names)
    return replace(question, options=options), replace(key, shares=shares, feedback=feedback)


def _multiple(question: MultipleChoice, key: MultipleChoiceKey) -> tuple[Question, Key]:
    """What is right minus what is wrong is a share for each option."""
    options, names = _renamed(question.options)
    right = sorted((names.get(each, each) for each in key.right), key=_place)
    rule, shares = key.rule, _shares(key.shares, names)
    if rule == "right_minus_wrong" and right:
        size = len(right)
        shares = {each.option_id: written(Fraction(1 if each.option_id in right else -1, size)) for each in options}
        rule = "shares"
    feedback = _feedback(key.feedback, names)
    changed = replace(key, right=right, rule=rule, shares=shares, feedback=feedback)
    return replace(question, options=options), changed


def _numeric(key: NumericKey) -> NumericKey:
    """Tolerances are absolute, the best answers come first."""
    answers = sorted((_absolute(each) for each in key.answers), key=lambda each: -_or_zero(each.share))
    units = {unit: number(of_base) for unit, of_base in key.units.items()}
    penalty = number(key.unit_penalty) if units else "1"
    changed: NumericKey = replace(key, answers=answers, units=units, unit_penalty=penalty)
    return changed


def _or_zero(text: str) -> Fraction:
    try:
        return exact(text)
    except BadNumber:  # check_question says so
        return Fraction(0)


def _absolute(answer: NumericAnswer) -> NumericAnswer:
    tolerance = number(answer.tolerance)
    if answer.relative:
        tolerance = written(_or_zero(tolerance) * abs(_or_zero(answer.value)))
    changed: NumericAnswer = replace(
        answer, value=number(answer.value), tolerance=tolerance, relative=False, share=number(answer.share)
    )
    return changed


def _short_text(key: ShortTextKey) -> ShortTextKey:
    """Forms without a wildcard are written without what makes a star a star."""
    wildcards = key.wildcards and any(len(wildcard_pieces(each.text)) > 1 for each in key.accepted)
    accepted = [replace(each, share=number(each.share)) for each in key.accepted]
    if key.wildcards and not wildcards:
        accepted = [replace(each, text=each.text.replace("\\*", "*")) for each in accepted]
    accepted.sort(key=lambda each: -_or_zero(each.share))
    changed: ShortTextKey = replace(key, accepted=accepted, wildcards=wildcards)
    return changed


def _ordering(question: Ordering, key: OrderingKey) -> tuple[Question, Key]:
    listed = by_hash(question.options)
    if [each.option_id for each in listed] == key.order and len(listed) > 1:
        listed = [*listed[1:], listed[0]]
    options, names = _renamed(listed)
    return replace(question, options=options), replace(key, order=[names.get(each, each) for each in key.order])


def _matching(question: Matching, key: MatchingKey) -> tuple[Question, Key]:
    prompts, prompt_names = _renamed(question.prompts, "p")
    choices, names = _renamed(by_hash(question.choices), "c")
    pairs = {prompt_names.get(prompt, prompt): names.get(choice, choice) for prompt, choice in key.pairs.items()}
    pairs = {each.option_id: pairs[each.option_id] for each in prompts if each.option_id in pairs}
    return replace(question, prompts=prompts, choices=choices), replace(key, pairs=pairs)


def _cloze(question: Cloze, key: ClozeKey) -> tuple[Question, Key]:
    """Gaps are named by their places."""
    gaps: list[Any] = []
    keys: dict[str, Any] = {}
    text = question.text
    for place, gap in enumerate(question.gaps, 1):
        of_gap, of_key = _of_kind(gap, key.gaps[gap.question_id])
        text = text.replace(f"{{{{{gap.question_id}}}}}", f"\0{place}\0")
        gaps.append(replace(of_gap, question_id=f"g{place}", points=number(gap.points)))
        keys[f"g{place}"] = of_key
    for place in range(1, len(gaps) + 1):
        text = text.replace(f"\0{place}\0", f"{{{{g{place}}}}}")
    return replace(question, gaps=gaps, text=text), replace(key, gaps=keys)
