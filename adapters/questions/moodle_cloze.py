"""
Moodle's embedded answers: gaps within a text, `{2:SHORTANSWER:=Berlin#yes~%50%Bonn}`, read and written.
"""

import html
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from adapters.questions.found import NotTaken
from adapters.questions.normal import snapped
from domain.questions import BadNumber, Key, Question, exact, written
from domain.questions.checks import MOST_PARTS
from domain.questions.key import (
    AcceptedText,
    ClozeKey,
    GapKey,
    NumericAnswer,
    NumericKey,
    ShortTextKey,
    SingleChoiceKey,
)
from domain.questions.question import Cloze, Gap, Numeric, Option, ShortText, SingleChoice

_GAP = re.compile(r"\{([0-9]{0,4}):([A-Z_]{1,20}):")
_BODY = re.compile(r"(?:[^\\}]|\\.)*", re.DOTALL)
_ANSWER = re.compile(r"(?:^|~)((?:[^\\~]|\\.)*)", re.DOTALL)
_PARTS = re.compile(r"\s*(?:(=)|%(-?[0-9]{1,3}(?:\.[0-9]{1,10})?)%)?((?:[^\\#]|\\.)*)(?:#(.*))?\Z", re.DOTALL)
_ESCAPED = re.compile(r"\\([~=#}\"/\\&])")
MARKS = re.compile(r"[~=#}\\]")

CHOICES = ("MULTICHOICE", "MC", "MULTICHOICE_V", "MCV", "MULTICHOICE_H", "MCH")
SHUFFLED = ("MULTICHOICE_S", "MCS", "MULTICHOICE_VS", "MCVS", "MULTICHOICE_HS", "MCHS")
TEXTS = {"SHORTANSWER": False, "SA": False, "MW": False, "SHORTANSWER_C": True, "SAC": True, "MWC": True}
NUMBERS = ("NUMERICAL", "NM")


def cloze_of(asked: dict[str, Any], hidden: dict[str, Any]) -> tuple[Question, Key]:
    """The question and the key of a text with gaps; its points are the sum of the weights of the gaps."""
    if "{{" in asked["text"]:
        raise NotTaken("its text has {{, which is how gaps are written here")
    gaps: list[Gap] = []
    keys: dict[str, GapKey] = {}
    text = ""
    for part, weight, kind, body in _parts(asked["text"]):
        text += part
        if kind:
            gap_id = f"g{len(gaps) + 1}"
            gap, keys[gap_id] = _gap(gap_id, weight, kind, body, asked["format"])
            gaps.append(gap)
            text += f"{{{{{gap_id}}}}}"
    if not 0 < len(gaps) <= MOST_PARTS:
        raise NotTaken(f"its text has {len(gaps)} gaps such as {{1:SHORTANSWER:=answer}}, not 1 to {MOST_PARTS}")
    points = sum((exact(gap.points) for gap in gaps), Fraction(0))
    return Cloze(**asked | {"text": text}, gaps=gaps, points=written(points)), ClozeKey(**hidden, gaps=keys)


def _parts(text: str) -> Iterator[tuple[str, str, str, str]]:
    """The text before each gap, with the gap's weight, type and answers; in the end what is after the last one."""
    at = 0
    for _ in range(MOST_PARTS + 1):
        found = _GAP.search(text, at)
        body = None if found is None else _BODY.match(text, found.end())
        if found is None or body is None or not text.startswith("}", body.end()):
            break  # what is not closed here is not closed later
        yield text[at : found.start()], found[1] or "1", found[2], body[0]
        at = body.end() + 1
    yield text[at:], "", "", ""


def _gap(gap_id: str, weight: str, kind: str, body: str, text_format: str) -> tuple[Gap, GapKey]:
    weight = str(int(weight))
    answers = [_answer(part) for part in _ANSWER.findall(body) if part.strip()]
    asked: dict[str, Any] = {"question_id": gap_id, "text": "", "format": text_format, "points": weight}
    if kind in CHOICES or kind in SHUFFLED:
        options = [Option(option_id=str(place), text=text) for place, (_, text, _) in enumerate(answers, 1)]
        shares = {str(place): share for place, (share, _, _) in enumerate(answers, 1)}
        feedback = {str(place): said for place, (_, _, said) in enumerate(answers, 1) if said}
        return SingleChoice(**asked, options=options, shuffle=kind in SHUFFLED), SingleChoiceKey(
            shares=shares, feedback=feedback
        )
    if kind in TEXTS:
        forms = [
            AcceptedText(text=_plain(text, text_format), share=share, feedback=said) for share, text, said in answers
        ]
        key = ShortTextKey(accepted=forms, case_sensitive=TEXTS[kind], wildcards=True)
        return ShortText(**asked), key
    if kind in NUMBERS:
        return Numeric(**asked), NumericKey(answers=[_number(*each) for each in answers if each[1] != "*"])
    raise NotTaken(f"gaps of Moodle's type {kind!r} are not taken")


def _answer(part: str) -> tuple[str, str, str]:
    """The share of an answer, its text and its feedback."""
    found = _PARTS.match(part)
    if found is None:
        raise NotTaken(f"{part[:40]!r} is no answer of a gap")
    share = Fraction(found[1] is not None)
    if found[2] is not None:
        share = snapped(exact(found[2]) / 100)
    return written(share), _meant(found[3]).strip(), _meant(found[4] or "").strip()


def _meant(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _plain(text: str, text_format: str) -> str:
    """What a learner types: without the entities of HTML."""
    return " ".join((html.unescape(text) if text_format == "html" else text).split())


def _number(share: str, text: str, said: str) -> NumericAnswer:
    value, _, tolerance = text.partition(":")
    try:
        value, tolerance = written(exact(value.strip().replace(",", "."))), written(exact(tolerance.strip() or "0"))
    except BadNumber as error:
        raise NotTaken(f"gap: {error.sentence}") from None
    return NumericAnswer(value=value, tolerance=tolerance, share=share, feedback=said)
