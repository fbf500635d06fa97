"""What is wrong with a question, a key or a response, and where."""

import pytest
from hypothesis import given, settings

from domain.questions import BadQuestion, BadResponse, check_question, check_response, problems
from domain.questions.key import (
    AcceptedText,
    ClozeKey,
    Criterion,
    EssayKey,
    Key,
    MatchingKey,
    MultipleChoiceKey,
    NumericAnswer,
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
    Matching,
    MultipleChoice,
    Numeric,
    Ordering,
    Question,
    ShortText,
    SingleChoice,
    TrueFalse,
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
    UploadedFile,
)
from tests.support.questions import QUESTIONS, Pair, Q, lettered

TWO = lettered("ab")
CHOICE = SingleChoice(**Q, options=TWO)
TRUE = TrueFalseKey(right=True)
FORM = ShortTextKey(accepted=[AcceptedText(text="x")])


@settings(max_examples=50, deadline=None)
@given(QUESTIONS)
def test_questions_that_make_sense_pass(pair: Pair) -> None:
    """Of every kind."""
    assert problems(*pair) == []


WRONG: list[tuple[Question, Key, str, str]] = [
    (CHOICE, TRUE, "key", "of the kind true_false, the question of the kind single_choice"),
    (TrueFalse(question_id="a b", text=""), TRUE, "question_id", "an id is"),
    (TrueFalse(question_id="q", text=" "), TRUE, "text", "empty"),
    (TrueFalse(**Q, points="0"), TRUE, "points", "0 is not more than 0"),
    (TrueFalse(**Q, points="x"), TRUE, "points", "no exact number"),
    (TrueFalse(**Q, points="1/9999999999"), TRUE, "points", "denominator"),
    (TrueFalse(**Q, hint_penalty="2"), TRUE, "hint_penalty", "2 is not from 0 to 1"),
    (TrueFalse(**Q, hints=["x" * 100_001]), TRUE, "hints[0]", "100001 characters"),
    (TrueFalse(**Q), TrueFalseKey(right=True, general="\0"), "key.general", "NUL"),
    (SingleChoice(**Q, options=TWO + TWO), SingleChoiceKey(shares={"a": "1"}), "options[2]", "the id a is there twice"),
    (CHOICE, SingleChoiceKey(shares={"c": "1"}), "key.shares", "no option c"),
    (CHOICE, SingleChoiceKey(shares={"a": "1/2"}), "key.shares", "no option has the share 1"),
    (CHOICE, SingleChoiceKey(shares={"a": "1"}, feedback={"c": "x"}), "key.feedback", "no option c"),
    (MultipleChoice(**Q, options=TWO, max_choices=1), MultipleChoiceKey(right=["a", "b"]), "key.right", "2 options"),
    (
        MultipleChoice(**Q, options=TWO),
        MultipleChoiceKey(right=["a"], rule="shares", shares={"a": "0.9"}),
        "key.shares",
        "do not add up to 1",
    ),
    (MultipleChoice(**Q, options=TWO), MultipleChoiceKey(right=[], rule="right_minus_wrong"), "key.right", "no option"),
    (Numeric(**Q), NumericKey(answers=[]), "key.answers", "there are 0"),
    (Numeric(**Q), NumericKey(answers=[NumericAnswer(value="1", tolerance="-1")]), "key.answers[0].tolerance", "neg"),
    (Numeric(**Q), NumericKey(answers=[NumericAnswer(value="1")], units={"m": "1"}), "key.units", "other way round"),
    (ShortText(**Q), ShortTextKey(accepted=[AcceptedText(text=" ")]), "key.accepted[0].text", "1 to 2000"),
    (ShortText(**Q), ShortTextKey(accepted=[AcceptedText(text="x", share="0.5")]), "key", "no answer has the share 1"),
    (Ordering(**Q, options=TWO), OrderingKey(order=["a", "b"]), "options", "gives it away"),
    (Ordering(**Q, options=TWO), OrderingKey(order=["b"]), "key.order", "each option"),
    (Matching(**Q, prompts=TWO, choices=TWO), MatchingKey(pairs={"a": "b"}), "key.pairs", "each prompt"),
    (Cloze(**Q, gaps=[ShortText(question_id="g", text="")]), ClozeKey(gaps={"g": FORM}), "text", "stands once"),
    (
        Cloze(question_id="q", text="{{g}}", gaps=[ShortText(question_id="g", text="", points="-1")]),
        ClozeKey(gaps={"g": FORM}),
        "gaps[0].points",
        "not more than 0",
    ),
    (Essay(**Q), EssayKey(rubric=[Criterion(criterion_id="c", text="", levels=[])]), "key.rubric[0].levels", "are 0"),
    (Essay(**Q, min_words=5, max_words=2), EssayKey(), "min_words", "between 5 and 2"),
]


@pytest.mark.parametrize(("question", "key", "where", "what"), WRONG)
def test_what_is_wrong_with_a_question(question: Question, key: Key, where: str, what: str) -> None:
    """The first thing that is wrong, with its place."""
    with pytest.raises(BadQuestion) as refused:
        check_question(question, key)
    assert refused.value.facts["where"] == where
    assert what in refused.value.facts["what"]


PROMPTS = Matching(**Q, prompts=TWO, choices=TWO, reuse=False)
PDF = UploadedFile(name="A.PDF", sha256="0" * 64, size=3, media_type="application/pdf")
NOT_ANSWERS: list[tuple[Question, Response, str, str]] = [
    (CHOICE, EssayResponse(text=""), "kind", "of the kind essay"),
    (CHOICE, SingleChoiceResponse(option_id="c"), "option_id", "no option c"),
    (MultipleChoice(**Q, options=TWO), MultipleChoiceResponse(option_ids=["a", "a"]), "option_ids", "twice"),
    (MultipleChoice(**Q, options=TWO, max_choices=1), MultipleChoiceResponse(option_ids=["a", "b"]), "option_ids", "2"),
    (Numeric(**Q), NumericResponse(value="five"), "value", "'five' is no number"),
    (Numeric(**Q), NumericResponse(value="5 m"), "value", "no unit is asked for"),
    (Numeric(**Q, units=["m"]), NumericResponse(value="5", unit="s"), "unit", "none of the units"),
    (ShortText(**Q, max_length=3), ShortTextResponse(text="four"), "text", "4 characters"),
    (Ordering(**Q, options=TWO), OrderingResponse(order=["c"]), "order", "no option c"),
    (PROMPTS, MatchingResponse(pairs={"c": "a"}), "pairs", "no option c"),
    (PROMPTS, MatchingResponse(pairs={"a": "a", "b": "a"}), "pairs", "twice"),
    (Cloze(**Q, gaps=[]), ClozeResponse(gaps={"g": ShortTextResponse(text="")}), "gaps", "no gap g"),
    (Essay(**Q, max_words=2), EssayResponse(text="one two three"), "text", "3 words"),
    (FileUpload(**Q), FileUploadResponse(files=[PDF, PDF]), "files", "2 files"),
    (FileUpload(**Q, max_bytes=2), FileUploadResponse(files=[PDF]), "files[0].size", "3 bytes"),
    (FileUpload(**Q, accept=["image/*"]), FileUploadResponse(files=[PDF]), "files[0].media_type", "none of image/*"),
]


@pytest.mark.parametrize(("question", "response", "where", "what"), NOT_ANSWERS)
def test_what_is_wrong_with_a_response(question: Question, response: Response, where: str, what: str) -> None:
    """A learner hears of it when the answer is saved."""
    with pytest.raises(BadResponse) as refused:
        check_response(question, response)
    assert refused.value.facts["where"] == where
    assert what in refused.value.facts["what"]


def test_files_of_a_type_are_accepted() -> None:
    """By ending, by media type and by its first half."""
    for accepted in (".pdf", "application/pdf", "application/*"):
        check_response(FileUpload(**Q, accept=[accepted]), FileUploadResponse(files=[PDF]))
