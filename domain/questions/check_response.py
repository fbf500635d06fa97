"""Whether a response is one to this question, so that a learner hears of a mistake before it costs points."""

from collections.abc import Iterable, Iterator, Sequence

from domain.errors import Rejected
from domain.questions.base import kind_of
from domain.questions.checks import Problem
from domain.questions.numbers import LONGEST_TYPED, read_typed
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
from domain.questions.response import (
    ClozeResponse,
    EssayResponse,
    FileUploadResponse,
    MatchingResponse,
    MultipleChoiceResponse,
    NumericResponse,
    OrderingResponse,
    Response,
    ShortTextResponse,
    SingleChoiceResponse,
)

LONGEST_ESSAY = 200_000  # characters


class BadResponse(Rejected):
    """A response that is none to the question; `where` says in which part."""

    code = "unfit_response"
    template = "answer to question {question_id}: {where}: {what}"


def check_response(question: Question, response: Response) -> None:
    """
    Check a response; too few words or choices are no mistake before the end, too many are.

    Raises:
        BadResponse: it is of another kind, names what the question does not have, or is too long.
    """
    for where, what in _problems(question, response):
        raise BadResponse(question_id=question.question_id, where=where, what=what)


def _problems(question: Question, response: Response) -> Iterator[Problem]:  # noqa: PLR0912 - one for each kind
    if kind_of(question) != kind_of(response):
        yield "kind", f"it is of the kind {kind_of(response)}, the question of the kind {kind_of(question)}"
    match question, response:
        case SingleChoice(), SingleChoiceResponse():
            yield from _known("option_id", [response.option_id], question.options)
        case MultipleChoice(), MultipleChoiceResponse(option_ids=chosen):
            yield from _once("option_ids", chosen)
            yield from _known("option_ids", chosen, question.options)
            if question.max_choices is not None and len(chosen) > question.max_choices:
                yield "option_ids", f"{len(chosen)} are chosen, {question.max_choices} may be"
        case Numeric(), NumericResponse():
            yield from _number(question, response)
        case ShortText(), ShortTextResponse(text=text):
            if len(text) > question.max_length:
                yield "text", f"it has {len(text)} characters, {question.max_length} are the most"
        case Ordering(), OrderingResponse(order=order):
            yield from _once("order", order)
            yield from _known("order", order, question.options)
        case Matching(), MatchingResponse(pairs=pairs):
            yield from _known("pairs", pairs, question.prompts)
            yield from _known("pairs", pairs.values(), question.choices)
            if not question.reuse:
                yield from _once("pairs", list(pairs.values()))
        case Cloze(), ClozeResponse():
            yield from _gaps(question, response)
        case Essay(), EssayResponse(text=text):
            words = len(text.split())
            if len(text) > LONGEST_ESSAY:
                yield "text", f"it has {len(text)} characters, {LONGEST_ESSAY} are the most"
            elif question.max_words is not None and words > question.max_words:
                yield "text", f"it has {words} words, {question.max_words} are the most"
        case FileUpload(), FileUploadResponse():
            yield from _files(question, response)


def _known(where: str, ids: Iterable[str], options: Sequence[Option]) -> Iterator[Problem]:
    known = {each.option_id for each in options}
    for each in ids:
        if each not in known:
            yield where, f"there is no option {each[:80]}"


def _once(where: str, ids: Sequence[str]) -> Iterator[Problem]:
    if len(set(ids)) < len(ids):
        yield where, "an option is there twice"


def _number(question: Numeric, response: NumericResponse) -> Iterator[Problem]:
    typed = read_typed(response.value)
    if typed is None:
        yield "value", f"{response.value[:80]!r} is no number of at most {LONGEST_TYPED} characters"
    elif typed.unit and not (question.units or question.with_unit):
        yield "value", f"after the number stands {typed.unit!r}, and no unit is asked for"
    if response.unit and not question.with_unit and response.unit not in question.units:
        yield "unit", f"{response.unit[:80]!r} is none of the units to choose from"


def _gaps(question: Cloze, response: ClozeResponse) -> Iterator[Problem]:
    gaps = {gap.question_id: gap for gap in question.gaps}
    for gap_id, of_gap in response.gaps.items():
        if gap_id not in gaps:
            yield "gaps", f"there is no gap {gap_id[:80]}"
        else:
            yield from ((f"gaps.{gap_id}.{where}", what) for where, what in _problems(gaps[gap_id], of_gap))


def _files(question: FileUpload, response: FileUploadResponse) -> Iterator[Problem]:
    if len(response.files) > question.max_files:
        yield "files", f"there are {len(response.files)} files, {question.max_files} may be"
    for place, file in enumerate(response.files):
        if file.size > question.max_bytes:
            yield f"files[{place}].size", f"it has {file.size} bytes, {question.max_bytes} are the most"
        if question.accept and not any(_is_accepted(file.name, file.media_type, each) for each in question.accept):
            yield f"files[{place}].media_type", f"{file.media_type[:80]} is none of {', '.join(question.accept)}"


def _is_accepted(name: str, media_type: str, accepted: str) -> bool:
    """Whether a file is of an accepted type, as the attribute `accept` of HTML's file input has it."""
    if accepted.startswith("."):
        return name.lower().endswith(accepted.lower())
    if accepted.endswith("/*"):
        return media_type.lower().startswith(accepted[:-1].lower())
    return media_type.lower() == accepted.lower()
