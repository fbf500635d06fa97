"""
Whether a question and its key make sense together. An error says where: `options[2].text`, `gaps[0].key.answers[1]`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from domain.aggregate import ID_PATTERN
from domain.errors import Rejected
from domain.questions.base import kind_of
from domain.questions.key import (
    ClozeKey,
    EssayKey,
    FileUploadKey,
    Key,
    MatchingKey,
    MultipleChoiceKey,
    NumericKey,
    OrderingKey,
    ShortTextKey,
    SingleChoiceKey,
)
from domain.questions.numbers import BadNumber, exact, written
from domain.questions.question import (
    Cloze,
    Essay,
    FileUpload,
    Matching,
    MultipleChoice,
    Numeric,
    Option,
    Ordering,
    Question,
    ShortText,
    SingleChoice,
)

LONGEST_TEXT = 100_000  # characters of one text
MOST_PARTS = 200  # options, prompts, choices, gaps, accepted forms, levels or hints of a question
MOST_POINTS = 10_000
LONGEST_VALUE = 60  # characters of a number in a key
LARGEST_DENOMINATOR = 10**9  # of points and shares, so that sums of many stay short
GAP = re.compile(r"\{\{([A-Za-z0-9_.-]{1,64})\}\}")
"""A gap in the text of a cloze."""

Problem: TypeAlias = tuple[str, str]
"""Where, and what is wrong there."""


class BadQuestion(Rejected):
    """A question or its key contradict themselves or each other; `where` says in which part."""

    code = "bad_question"
    template = "question {question_id}: {where}: {what}"


def check_question(question: Question, key: Key) -> None:
    """
    Check a question with its key.

    Raises:
        BadQuestion: with the first thing that is wrong; `problems` has all of them, each with its place.
    """
    found = problems(question, key)
    if found:
        where, what = found[0]
        every = [f"{place}: {each}" for place, each in found]
        raise BadQuestion(question_id=question.question_id[:80], where=where, what=what, problems=every)


def problems(question: Question, key: Key) -> list[Problem]:
    """Everything that is wrong with a question and its key, each with its place."""
    if kind_of(question) != kind_of(key):
        return [("key", f"it is of the kind {kind_of(key)}, the question of the kind {kind_of(question)}")]
    found = [*_of_all(question, key)]
    if not question.text.strip():
        found.append(("text", "it is empty"))
    found += _of_kind(question, key)
    return found


def _of_all(question: Question, key: Key) -> Iterator[Problem]:
    if not ID_PATTERN.match(question.question_id):
        yield "question_id", "an id is 1 to 64 letters, digits, dots, dashes and underscores"
    yield from _number("points", question.points, most=MOST_POINTS, above_zero=True)
    yield from _number("hint_penalty", question.hint_penalty)
    yield from _count("hints", question.hints, least=0)
    texts = {"text": question.text, **{f"hints[{place}]": hint for place, hint in enumerate(question.hints)}}
    texts |= {f"key.{name}": getattr(key, name) for name in ("general", "when_right", "when_partly", "when_wrong")}
    for where, text in texts.items():
        yield from _text(where, text)


def _of_kind(question: Question, key: Key) -> Iterator[Problem]:
    match question, key:
        case SingleChoice(), SingleChoiceKey():
            yield from _single(question, key)
        case MultipleChoice(), MultipleChoiceKey():
            yield from _multiple(question, key)
        case Numeric(), NumericKey():
            yield from _numeric(question, key)
        case ShortText(), ShortTextKey():
            yield from _short_text(question, key)
        case Ordering(), OrderingKey():
            yield from _ordering(question, key)
        case Matching(), MatchingKey():
            yield from _matching(question, key)
        case Cloze(), ClozeKey():
            yield from _cloze(question, key)
        case ((Essay() | FileUpload()), (EssayKey() | FileUploadKey())):
            yield from _by_person(question, key)


def _number(
    where: str, text: str, *, least: int = 0, most: int | None = 1, above_zero: bool = False, short: bool = True
) -> Iterator[Problem]:
    try:
        value = exact(text)
    except BadNumber as error:
        yield where, error.sentence
        return
    if value < least or (most is not None and value > most) or (above_zero and value <= 0):
        bounds = f"more than 0, and {most} at most" if above_zero else f"from {least} to {most}"
        yield where, f"{text[:80]} is not {bounds}" if most is not None else f"{text[:80]} is negative"
    elif short and value.denominator > LARGEST_DENOMINATOR:
        yield where, f"{text[:80]} has a denominator above {LARGEST_DENOMINATOR}"


def _text(where: str, text: str) -> Iterator[Problem]:
    if len(text) > LONGEST_TEXT:
        yield where, f"it has {len(text)} characters, {LONGEST_TEXT} are the most"
    if "\x00" in text:
        yield where, "it has the character NUL, which no text has"


def _count(where: str, parts: Sequence[object], *, least: int) -> Iterator[Problem]:
    if not least <= len(parts) <= MOST_PARTS:
        yield where, f"there are {len(parts)}; {least} to {MOST_PARTS} may be"


def _options(where: str, options: Sequence[Option], *, least: int = 2) -> Iterator[Problem]:
    yield from _count(where, options, least=least)
    yield from _ids(where, [each.option_id for each in options])
    for place, each in enumerate(options):
        yield from _text(f"{where}[{place}].text", each.text)


def _ids(where: str, ids: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, each in enumerate(ids):
        if not ID_PATTERN.match(each):
            yield f"{where}[{place}]", f"{each[:80]!r} is not an id"
        if each in seen:
            yield f"{where}[{place}]", f"the id {each} is there twice"
        seen.add(each)


def _known(where: str, ids: Iterable[str], options: Sequence[Option]) -> Iterator[Problem]:
    known = {each.option_id for each in options}
    for each in ids:
        if each not in known:
            yield where, f"there is no option {each[:80]}"


def _feedback(feedback: dict[str, str], options: Sequence[Option]) -> Iterator[Problem]:
    yield from _known("key.feedback", feedback, options)
    for option_id, text in feedback.items():
        yield from _text(f"key.feedback.{option_id}", text)


def _shares(shares: dict[str, str], options: Sequence[Option]) -> Iterator[Problem]:
    yield from _known("key.shares", shares, options)
    for option_id, share in shares.items():
        yield from _number(f"key.shares.{option_id}", share, least=-1)


def _single(question: SingleChoice, key: SingleChoiceKey) -> Iterator[Problem]:
    yield from _options("options", question.options, least=1)
    yield from _feedback(key.feedback, question.options)
    wrong = list(_shares(key.shares, question.options))
    yield from wrong
    if not wrong and not any(exact(share) == 1 for share in key.shares.values()):
        yield "key.shares", "no option has the share 1"


def _multiple(question: MultipleChoice, key: MultipleChoiceKey) -> Iterator[Problem]:
    yield from _options("options", question.options, least=1)
    yield from _feedback(key.feedback, question.options)
    yield from _known("key.right", key.right, question.options)
    yield from _ids("key.right", key.right)
    least, most = question.min_choices, question.max_choices
    if not 0 <= least <= (len(question.options) if most is None else most):
        yield "min_choices", f"between {least} and {most} options cannot be chosen"
    elif len(key.right) < least or (most is not None and len(key.right) > most):
        yield "key.right", f"{len(key.right)} options are right, which is not between {least} and {most}"
    if key.rule == "right_minus_wrong" and not key.right:
        yield "key.right", "where no option is right, the rule right_minus_wrong has nothing to divide"
    if key.rule != "shares":
        if key.shares:
            yield "key.shares", f"they stand beside the rule {key.rule}, which has no use for them"
        return
    wrong = list(_shares(key.shares, question.options))
    yield from wrong
    if not wrong:
        above = {each for each, share in key.shares.items() if exact(share) > 0}
        if sum(exact(key.shares[each]) for each in above) != 1:
            yield "key.shares", "those above 0 do not add up to 1"
        if above != set(key.right):
            yield "key.right", "they are not the options with a share above 0"


def _numeric(question: Numeric, key: NumericKey) -> Iterator[Problem]:
    yield from _count("units", question.units, least=0)
    yield from _count("key.answers", key.answers, least=1)
    for place, each in enumerate(key.answers):
        where = f"key.answers[{place}]"
        yield from _value(f"{where}.value", each.value)
        yield from _number(f"{where}.tolerance", each.tolerance, most=None, short=False)
        yield from _number(f"{where}.share", each.share)
        yield from _text(f"{where}.feedback", each.feedback)
    yield from _whole(key.answers)
    yield from _number("key.unit_penalty", key.unit_penalty)
    if bool(key.units) != bool(question.units or question.with_unit):
        yield "key.units", "there are units in the question and none in the key, or the other way round"
    if question.units and key.units and not set(question.units) & key.units.keys():
        yield "units", "none of those to choose from is a right one"
    for unit in (*question.units, *key.units):
        if not 0 < len(unit) <= 40 or unit != " ".join(unit.split()):
            yield "units", f"{unit[:80]!r} is no unit: 1 to 40 characters without spaces at the ends"
    for unit, of_base in key.units.items():
        yield from _number(f"key.units.{unit}", of_base, most=10**24, above_zero=True)


def _value(where: str, text: str) -> Iterator[Problem]:
    try:
        value = exact(text)
    except BadNumber as error:
        yield where, error.sentence
        return
    if len(written(value)) > LONGEST_VALUE:
        yield where, f"it has more than {LONGEST_VALUE} characters, which a learner could not type"


def _whole(answers: Sequence[object]) -> Iterator[Problem]:
    shares = [str(getattr(each, "share", "")) for each in answers]
    if "1" not in shares and not any(share == "1" or _is_one(share) for share in shares):
        yield "key", "no answer has the share 1"


def _is_one(share: str) -> bool:
    try:
        return exact(share) == 1
    except BadNumber:
        return False


def _short_text(question: ShortText, key: ShortTextKey) -> Iterator[Problem]:
    if not 1 <= question.max_length <= 2_000:
        yield "max_length", f"{question.max_length} is not from 1 to 2000"
    yield from _count("key.accepted", key.accepted, least=1)
    for place, each in enumerate(key.accepted):
        if not each.text.strip() or len(each.text) > 2_000:
            yield f"key.accepted[{place}].text", "an accepted form has 1 to 2000 characters"
        yield from _number(f"key.accepted[{place}].share", each.share)
        yield from _text(f"key.accepted[{place}].feedback", each.feedback)
    yield from _whole(key.accepted)


def _ordering(question: Ordering, key: OrderingKey) -> Iterator[Problem]:
    yield from _options("options", question.options)
    listed = [each.option_id for each in question.options]
    if sorted(key.order) != sorted(listed):
        yield "key.order", "it does not have each option of the question once"
    elif listed == key.order:
        yield "options", "they are listed in the right order, which gives it away: list them in another"


def _matching(question: Matching, key: MatchingKey) -> Iterator[Problem]:
    yield from _options("prompts", question.prompts, least=1)
    yield from _options("choices", question.choices)
    if key.pairs.keys() != {each.option_id for each in question.prompts}:
        yield "key.pairs", "they do not have each prompt of the question once"
    yield from _known("key.pairs", key.pairs.values(), question.choices)
    if not question.reuse and len(set(key.pairs.values())) < len(key.pairs):
        yield "key.pairs", "a choice is right for two prompts, and the question lets it be chosen once"


def _cloze(question: Cloze, key: ClozeKey) -> Iterator[Problem]:
    yield from _count("gaps", question.gaps, least=1)
    ids = [gap.question_id for gap in question.gaps]
    yield from _ids("gaps", ids)
    if key.gaps.keys() != set(ids):
        yield "key.gaps", "they do not have each gap of the question once"
        return
    places = GAP.findall(question.text)
    if sorted(places) != sorted(ids):
        yield "text", f"each gap stands once in it, as {{{{{ids[0] if ids else 'id'}}}}}, and no other"
    for place, gap in enumerate(question.gaps):
        of_gap = key.gaps[gap.question_id]
        if kind_of(gap) != kind_of(of_gap):
            yield f"gaps[{place}]", f"it is of the kind {kind_of(gap)}, its key of the kind {kind_of(of_gap)}"
            continue
        if gap.format != question.format:
            yield f"gaps[{place}].format", f"it is {gap.format}, the question's is {question.format}"
        for where, what in (*_of_all(gap, of_gap), *_of_kind(gap, of_gap)):
            yield f"gaps[{place}].{where}", what


def _by_person(question: Essay | FileUpload, key: EssayKey | FileUploadKey) -> Iterator[Problem]:
    yield from _limits(question)
    yield from _text("key.guidance", key.guidance)
    yield from _count("key.rubric", key.rubric, least=0)
    yield from _ids("key.rubric", [each.criterion_id for each in key.rubric])
    for place, criterion in enumerate(key.rubric):
        where = f"key.rubric[{place}]"
        yield from _text(f"{where}.text", criterion.text)
        yield from _count(f"{where}.levels", criterion.levels, least=1)
        yield from _ids(f"{where}.levels", [level.level_id for level in criterion.levels])
        for number, level in enumerate(criterion.levels):
            yield from _text(f"{where}.levels[{number}].text", level.text)
            yield from _number(f"{where}.levels[{number}].points", level.points, most=MOST_POINTS)


def _limits(question: Essay | FileUpload) -> Iterator[Problem]:
    if isinstance(question, FileUpload):
        if not 1 <= question.max_files <= 20:
            yield "max_files", f"{question.max_files} is not from 1 to 20"
        if not 1 <= question.max_bytes <= 2**31:
            yield "max_bytes", f"{question.max_bytes} is not from 1 to {2**31}"
        yield from _count("accept", question.accept, least=0)
    elif not 0 <= (question.min_words or 0) <= (10**6 if question.max_words is None else question.max_words):
        yield "min_words", f"between {question.min_words} and {question.max_words} words cannot be written"
