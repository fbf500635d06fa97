"""
The Aiken format: single choices in lines, `A. option` or `A) option`, and `ANSWER: A` after them.
"""

import re

from adapters.questions.found import NotTaken, Read
from domain.questions import Key, Question
from domain.questions.key import SingleChoiceKey
from domain.questions.question import Option, SingleChoice
from domain.questions.sections import Label

ANSWER = re.compile(r"\s*ANSWER\s*:\s*(\S*)\s*\Z", re.IGNORECASE)
_OPTION = re.compile(r"\s*([A-Za-z])[.)]\s+(\S.*)\Z")

Block = list[tuple[int, str]]


def read_aiken(text: str) -> Read:
    """The questions of an Aiken file."""
    read, block = Read("aiken"), Block()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        block.append((number, line.strip()))
        if ANSWER.match(line):
            _take(read, block)
            block = []
    if block:
        _take(read, block)
    return read


def _take(read: Read, block: Block) -> None:
    read.take(block[0][0], block[0][1], lambda: _question(block))


def _question(block: Block) -> tuple[Label, Question, Key]:
    answer = ANSWER.match(block[-1][1])
    if answer is None:
        raise NotTaken("there is no line `ANSWER: X` after it")
    asked = [line for _, line in block[:-1]]
    first = next((place for place, line in enumerate(asked) if _OPTION.match(line)), len(asked))
    letters: list[str] = []
    options: list[Option] = []
    for line in asked[first:]:
        option = _OPTION.match(line)
        if option is None:
            raise NotTaken(f"{line[:40]!r} stands among the options and is none: `A. text` or `A) text`")
        letters.append(option[1].upper())
        options.append(Option(option_id=str(len(letters)), text=option[2]))
    if letters.count(answer[1].upper()) != 1:
        raise NotTaken(f"no option, or more than one, has the letter of the answer, {answer[1][:10]!r}")
    right = str(letters.index(answer[1].upper()) + 1)
    question = SingleChoice(question_id="", text="\n".join(asked[:first]), options=options, shuffle=True)
    return Label(), question, SingleChoiceKey(shares={right: "1"})
