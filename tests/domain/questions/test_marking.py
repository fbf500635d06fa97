"""What responses are worth: rules of partial credit, and what holds for all kinds."""

from fractions import Fraction
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.questions import (
    Marked,
    Response,
    by_rubric,
    check_question,
    check_response,
    feedback_of,
    mark,
    right_response,
    shuffled,
    total,
)
from domain.questions.key import (
    AcceptedText,
    ClozeKey,
    Criterion,
    EssayKey,
    Level,
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
    Gap,
    Matching,
    MultipleChoice,
    Numeric,
    Option,
    Ordering,
    Question,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from domain.questions.response import (
    ClozeResponse,
    EssayResponse,
    MatchingResponse,
    MultipleChoiceResponse,
    NumericResponse,
    OrderingResponse,
    ShortTextResponse,
    SingleChoiceResponse,
    TrueFalseResponse,
)
from domain.score import Score
from tests.support.questions import BY_KIND, QUESTIONS, Pair, Q, lettered

FOUR = lettered("abcd")


def worth(question: Question, key: Any, response: Response) -> str | None:
    """The points of a response to a question that makes sense."""
    check_question(question, key)
    check_response(question, response)
    return mark(question, key, response).earned


@pytest.mark.parametrize(
    ("rule", "chosen", "points"),
    [
        ("all_or_nothing", "ab", "1"),
        ("all_or_nothing", "a", "0"),
        ("all_or_nothing", "abc", "0"),
        ("each_option", "ab", "1"),
        ("each_option", "a", "0.75"),
        ("each_option", "abcd", "0.5"),
        ("right_minus_wrong", "a", "0.5"),
        ("right_minus_wrong", "abc", "0.5"),
        ("right_minus_wrong", "acd", "0"),
    ],
)
def test_partial_credit_for_several_choices(rule: Any, chosen: str, points: str) -> None:
    """Of four options a and b are right."""
    question, key = MultipleChoice(**Q, options=FOUR), MultipleChoiceKey(right=["a", "b"], rule=rule)
    assert worth(question, key, MultipleChoiceResponse(option_ids=list(chosen))) == points


def test_shares_of_thirds_are_exact() -> None:
    """Three thirds are all points, two of them two thirds; a wrong option takes its share off."""
    shares = {"a": "1/3", "b": "1/3", "c": "1/3", "d": "-1/2"}
    question = MultipleChoice(**Q, options=FOUR, points="2")
    key = MultipleChoiceKey(right=["a", "b", "c"], rule="shares", shares=shares)
    given_points = [worth(question, key, MultipleChoiceResponse(option_ids=list(each))) for each in ("abc", "ab", "ad")]
    assert given_points == ["2", "4/3", "0"]


@pytest.mark.parametrize(
    ("rule", "order", "points"),
    [
        ("all_or_nothing", "abcd", "1"),
        ("all_or_nothing", "abdc", "0"),
        ("each_position", "abdc", "0.5"),
        ("next_pair", "bcda", "2/3"),
        ("next_pair", "abc", "2/3"),
        ("longest_subset", "bcda", "0.75"),
        ("longest_subset", "dcba", "0"),
    ],
)
def test_partial_credit_for_an_order(rule: Any, order: str, points: str) -> None:
    """The right order is a, b, c, d."""
    question = Ordering(**Q, options=FOUR[::-1])
    assert worth(question, OrderingKey(order=list("abcd"), rule=rule), OrderingResponse(order=list(order))) == points


@pytest.mark.parametrize(
    ("value", "unit", "points"),
    [
        ("1.5", "m", "1"),
        ("1,5 m", "", "1"),
        ("150", "cm", "1"),
        ("151 cm", "", "1"),
        ("151.1 cm", "", "0"),
        ("1.5", "", "0.75"),
        ("1.5", "cm", "0.75"),
        ("3/2", "m", "1"),
        ("2", "m", "0.5"),
    ],
)
def test_numbers_have_tolerances_and_units(value: str, unit: str, points: str) -> None:
    """A metre and a half is right within a centimetre; two metres are half right; without a unit a quarter is lost."""
    answers = [NumericAnswer(value="1.5", tolerance="0.01"), NumericAnswer(value="2", share="1/2")]
    key = NumericKey(answers=answers, units={"m": "1", "cm": "100"}, unit_penalty="1/4")
    assert worth(Numeric(**Q, with_unit=True), key, NumericResponse(value=value, unit=unit)) == points


def test_a_relative_tolerance_is_of_the_value() -> None:
    """A hundredth of -200 is 2, the bounds included."""
    key = NumericKey(answers=[NumericAnswer(value="-200", tolerance="0.01", relative=True)])
    points = [worth(Numeric(**Q), key, NumericResponse(value=value)) for value in ("-198", "-202", "-202.0001")]
    assert points == ["1", "1", "0"]


def test_without_units_none_is_read_over() -> None:
    """A number with words after it is not the number."""
    key = NumericKey(answers=[NumericAnswer(value="5")])
    assert mark(Numeric(**Q), key, NumericResponse(value="5 or 6")).earned == "0"


@pytest.mark.parametrize(
    ("rules", "form", "text", "does_fit"),
    [
        ({}, "São Paulo", "  sa\u0303o   PAULO ", True),
        ({"case_sensitive": True}, "Paris", "paris", False),
        ({"spaces": "exact"}, "New York", "New  York", False),
        ({"spaces": "ignore"}, "New York", "newyork", True),
        ({"wildcards": True}, "col*r", "colour", True),
        ({"wildcards": True}, " colour ", "colour", True),
        ({"wildcards": True}, "*aa*a", "aaa", True),
        ({"wildcards": True}, "*aa*aa", "aaa", False),
        ({"wildcards": True}, "2 \\* 3 = *", "2 * 3 = 6", True),
        ({"wildcards": True}, "2 \\* 3", "2 x 3", False),
        ({}, "2 * 3", "2 x 3", False),
    ],
)
def test_accepted_forms(rules: dict[str, Any], form: str, text: str, *, does_fit: bool) -> None:
    """Case, spaces and wildcards count as the key says."""
    key = ShortTextKey(accepted=[AcceptedText(text=form)], **rules)
    assert worth(ShortText(**Q), key, ShortTextResponse(text=text)) == ("1" if does_fit else "0")


def test_many_wildcards_take_no_time() -> None:
    """Comparing is not tried again from every place."""
    key = ShortTextKey(accepted=[AcceptedText(text="*a" * 900 + "b")], wildcards=True)
    assert mark(ShortText(**Q), key, ShortTextResponse(text="a" * 2_000)).earned == "0"


def test_pairs_count_one_by_one() -> None:
    """Each right pair is its part of the points, with the detail of each."""
    prompts = [Option(option_id="p1", text="France"), Option(option_id="p2", text="Peru")]
    question = Matching(**Q, prompts=prompts, choices=FOUR)
    marked = mark(question, MatchingKey(pairs={"p1": "a", "p2": "b"}), MatchingResponse(pairs={"p1": "a", "p2": "a"}))
    assert (marked.earned, [(each.part, each.share) for each in marked.parts]) == ("0.5", [("p1", "1"), ("p2", "0")])


def test_gaps_count_by_their_weights() -> None:
    """A gap of weight 2 of 3 is worth two thirds of the points; its feedback is found by its id."""
    gaps: list[Gap] = [ShortText(question_id="g1", text="", points="2"), Numeric(question_id="g2", text="")]
    question = Cloze(question_id="q", text="{{g1}} has {{g2}} people", gaps=gaps, points="6")
    forms = [AcceptedText(text="Berlin", feedback="the capital")]
    key = ClozeKey(gaps={"g1": ShortTextKey(accepted=forms), "g2": NumericKey(answers=[NumericAnswer(value="4")])})
    response = ClozeResponse(gaps={"g1": ShortTextResponse(text="berlin"), "g2": NumericResponse(value="5")})
    check_question(question, key)
    marked = mark(question, key, response)
    assert (marked.earned, marked.feedback) == ("4", ["g1/answer.0"])
    assert feedback_of(key, "g1/answer.0") == "the capital"


def test_feedback_of_the_whole_and_of_an_option() -> None:
    """Ids of what the key says about the response, from the particular to the general."""
    key = SingleChoiceKey(shares={"a": "1"}, feedback={"b": "no"}, when_wrong="read again", general="see page 3")
    marked = mark(SingleChoice(**Q, options=FOUR), key, SingleChoiceResponse(option_id="b"))
    assert [feedback_of(key, each) for each in marked.feedback] == ["no", "read again", "see page 3"]


def test_hints_cost_what_the_question_says() -> None:
    """Two hints of a quarter leave half of the points, five nothing."""
    question = TrueFalse(**Q, points="3", hint_penalty="1/4")
    earned = [mark(question, TrueFalseKey(right=True), TrueFalseResponse(answer=True), hints_used=n) for n in (0, 2, 5)]
    assert [each.earned for each in earned] == ["3", "1.5", "0"]


def test_people_grade_by_a_rubric() -> None:
    """An essay waits for a person; the chosen levels are its share of the points; an empty one is worth nothing."""
    levels = [Level(level_id="good", text="", points="3"), Level(level_id="fair", text="", points="1")]
    rubric = [Criterion(criterion_id=each, text="", levels=levels) for each in ("clear", "true")]
    question, key = Essay(**Q, points="12"), EssayKey(rubric=rubric)
    assert mark(question, key, EssayResponse(text="Once")).points is None
    assert mark(question, key, EssayResponse(text=" \n")).earned == "0"
    assert by_rubric(question, rubric, {"clear": "good", "true": "fair"}) == "8"


def test_sums_are_whole_numbers_of_one_scale() -> None:
    """A third of 1 and 2 of 2 are 7 of 9; whole points stay as they are; what waits for a person has no sum."""
    some = [Marked(earned="1/3", possible="1"), Marked(earned="2", possible="2")]
    assert total(some) == Score(7, 9)
    assert total([Marked(earned="1", possible="1"), Marked(earned="0", possible="1")]) == Score(1, 2)
    assert total([*some, Marked(earned=None, possible="1")]) is None
    assert total([]) == Score(0)


def any_response(pair: Pair) -> st.SearchStrategy[Any]:
    """Responses to a question of which some are right in part."""
    question, _ = pair
    ids = st.sampled_from([each.option_id for each in getattr(question, "options", [])] or [""])
    return {
        "SingleChoice": st.builds(SingleChoiceResponse, option_id=ids),
        "MultipleChoice": st.builds(MultipleChoiceResponse, option_ids=st.lists(ids, unique=True)),
        "Ordering": st.builds(OrderingResponse, order=st.lists(ids, unique=True)),
        "Matching": st.builds(
            MatchingResponse,
            pairs=st.dictionaries(
                st.sampled_from([each.option_id for each in getattr(question, "prompts", [])] or [""]),
                st.sampled_from([each.option_id for each in getattr(question, "choices", [])] or [""]),
            ),
        ),
        "TrueFalse": st.builds(TrueFalseResponse, answer=st.booleans()),
        "Numeric": st.builds(NumericResponse, value=st.integers(-1000, 1000).map(str)),
        "ShortText": st.builds(ShortTextResponse, text=st.text(max_size=5)),
        "Cloze": st.just(ClozeResponse(gaps={})),
    }[type(question).__name__]


@pytest.mark.parametrize("examples", [20, pytest.param(2_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", BY_KIND)
def test_what_holds_for_every_kind(kind: str, examples: int) -> None:
    """The key's own answer earns all points, any other from 0 to all; in every order in which things are shown."""

    @settings(max_examples=examples, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        holds(kind, data)

    check()


def holds(kind: str, data: st.DataObject) -> None:
    """The properties, for one question and one response."""
    question, key = data.draw(BY_KIND[kind])
    check_question(question, key)
    right = right_response(key)
    assert right is not None
    check_response(question, right)
    assert mark(question, key, right).earned == question.points

    response = data.draw(any_response((question, key)))
    marked = mark(question, key, response)
    assert marked.points is not None
    assert 0 <= marked.points <= Fraction(question.points)
    assert all(0 <= Fraction(part.share) <= 1 for part in marked.parts)
    assert mark(question, key, None).earned == "0"
    assert mark(shuffled(question, "seed"), key, response).earned == marked.earned
    mixed = getattr(question, "options", [])[::-1]
    if isinstance(question, SingleChoice | MultipleChoice) and isinstance(response, MultipleChoiceResponse):
        chosen = Random(0).sample(response.option_ids, len(response.option_ids))
        turned = msgspec.structs.replace(question, options=mixed)
        assert mark(turned, key, MultipleChoiceResponse(option_ids=chosen)).earned == marked.earned


@settings(max_examples=50, deadline=None)
@given(QUESTIONS)
def test_a_question_is_as_short_as_it_can_be(pair: Pair) -> None:
    """What is read from JSON is equal, and written as the same bytes; a default is not written."""
    for each, of in zip(pair, (Question, pair[1].__class__), strict=True):
        written_once = msgspec.json.encode(each)
        read: Any = msgspec.json.decode(written_once, type=of)
        assert read == each
        assert msgspec.json.encode(read) == written_once
        assert b'"format"' not in written_once


def test_files_wait_for_a_person() -> None:
    """Nothing handed in is worth nothing."""
    from domain.questions.key import FileUploadKey
    from domain.questions.response import FileUploadResponse, UploadedFile

    file = UploadedFile(name="a.pdf", sha256="0" * 64, size=3, media_type="application/pdf")
    question = FileUpload(**Q)
    assert mark(question, FileUploadKey(), FileUploadResponse(files=[file])).earned is None
    assert mark(question, FileUploadKey(), FileUploadResponse(files=[])).earned == "0"
