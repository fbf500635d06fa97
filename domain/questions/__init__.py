"""
Questions: what is shown (`Question`), what is right (`Key`), what is answered (`Response`), what it is worth (`mark`).

Pure structs and functions, stored in facts of quizzes, attempts and question banks. Exact numbers are texts.
"""

from domain.questions.base import kind_of
from domain.questions.check_response import BadResponse, check_response
from domain.questions.checks import BadQuestion, check_question, problems
from domain.questions.drawing import draw, shuffled
from domain.questions.key import Key, feedback_of
from domain.questions.marking import Marked, PartMark, by_rubric, mark, total
from domain.questions.numbers import BadNumber, Number, exact, read_typed, written
from domain.questions.question import Question
from domain.questions.quiz_items import from_index, from_item
from domain.questions.response import Response
from domain.questions.right import right_response
from domain.questions.stored import UnreadableQuestion, key_from, question_from, response_from

__all__ = [
    "BadNumber",
    "BadQuestion",
    "BadResponse",
    "Key",
    "Marked",
    "Number",
    "PartMark",
    "Question",
    "Response",
    "UnreadableQuestion",
    "by_rubric",
    "check_question",
    "check_response",
    "draw",
    "exact",
    "feedback_of",
    "from_index",
    "from_item",
    "key_from",
    "kind_of",
    "mark",
    "problems",
    "question_from",
    "read_typed",
    "response_from",
    "right_response",
    "shuffled",
    "total",
    "written",
]
