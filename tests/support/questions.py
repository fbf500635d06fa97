"""Questions of every kind with their keys, drawn by Hypothesis: each pair passes `check_question`."""

from typing import Any

from hypothesis import strategies as st

from domain.questions import Key, Question, written
from domain.questions.key import (
    AcceptedText,
    ClozeKey,
    Criterion,
    EssayKey,
    FileUploadKey,
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
    Matching,
    MultipleChoice,
    Numeric,
    Option,
    Ordering,
    ShortText,
    SingleChoice,
    TrueFalse,
)

Pair = tuple[Question, Key]

Q: dict[str, Any] = {"question_id": "q", "text": "?"}
"""What a question of any kind needs."""


def lettered(letters: str) -> list[Option]:
    """An option for each letter, which is its id and its text."""
    return [Option(option_id=each, text=each) for each in letters]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).filter(
    str.strip
)
NUMBERS = st.fractions(min_value=-1000, max_value=1000, max_denominator=50).map(written)
SHARES = st.fractions(min_value=0, max_value=1, max_denominator=12).map(written)


@st.composite
def _asked(draw: st.DrawFn) -> dict[str, Any]:
    points = draw(st.fractions(min_value=0, max_value=10, max_denominator=6).filter(bool).map(written))
    hints = draw(st.lists(TEXTS, max_size=2))
    text = draw(TEXTS.filter(lambda text: "{" not in text))
    return {"question_id": "q1", "text": text, "points": points, "hints": hints, "hint_penalty": draw(SHARES)}


@st.composite
def options(draw: st.DrawFn, least: int = 2, prefix: str = "o") -> list[Option]:
    """Options with different texts."""
    texts = draw(st.lists(TEXTS, min_size=least, max_size=6, unique=True))
    return [Option(option_id=f"{prefix}{number}", text=text) for number, text in enumerate(texts)]


@st.composite
def single_choices(draw: st.DrawFn) -> Pair:
    """One right option, perhaps others that are right in part, or cost something."""
    question = SingleChoice(**draw(_asked()), options=draw(options()), shuffle=draw(st.booleans()))
    ids = [each.option_id for each in question.options]
    shares = draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(["-1", "-1/3", "0", "1/2", "1"])))
    shares[draw(st.sampled_from(ids))] = "1"
    return question, SingleChoiceKey(shares=shares, feedback=draw(st.dictionaries(st.sampled_from(ids), TEXTS)))


@st.composite
def multiple_choices(draw: st.DrawFn) -> Pair:
    """All rules of partial credit."""
    question = MultipleChoice(**draw(_asked()), options=draw(options()), shuffle=draw(st.booleans()))
    ids = [each.option_id for each in question.options]
    rule: Any = draw(st.sampled_from(["all_or_nothing", "each_option", "right_minus_wrong", "shares"]))
    right = sorted(draw(st.sets(st.sampled_from(ids), min_size=1)))
    shares = {}
    if rule == "shares":
        shares = {each: f"1/{len(right)}" for each in right} | {each: "-1/2" for each in ids if each not in right}
        shares = {each: "1" if share == "1/1" else share for each, share in shares.items()}
    return question, MultipleChoiceKey(right=right, rule=rule, shares=shares)


@st.composite
def true_falses(draw: st.DrawFn) -> Pair:
    """With feedback to a right and a wrong answer."""
    right = TrueFalseKey(right=draw(st.booleans()), when_right=draw(TEXTS), when_wrong=draw(TEXTS))
    return TrueFalse(**draw(_asked())), right


@st.composite
def numerics(draw: st.DrawFn) -> Pair:
    """With tolerances of both kinds, and with units."""
    units = draw(st.sampled_from([{}, {"m": "1"}, {"m": "1", "cm": "100", "km": "1/1000"}]))
    question = Numeric(**draw(_asked()), with_unit=bool(units))
    answer = st.builds(
        NumericAnswer,
        value=NUMBERS,
        tolerance=NUMBERS.map(lambda text: text.lstrip("-")),
        relative=st.booleans(),
        share=SHARES,
    )
    answers = [NumericAnswer(value=draw(NUMBERS)), *draw(st.lists(answer, max_size=2))]
    return question, NumericKey(answers=answers, units=units, unit_penalty=draw(SHARES))


@st.composite
def short_texts(draw: st.DrawFn) -> Pair:
    """With all rules for case, spaces and wildcards."""
    wildcards = draw(st.booleans())
    forms = [AcceptedText(text=text) for text in draw(st.lists(TEXTS, min_size=1, max_size=2))]
    forms += draw(st.lists(st.builds(AcceptedText, text=TEXTS, share=SHARES), max_size=2))
    rules: dict[str, Any] = {"case_sensitive": draw(st.booleans()), "wildcards": wildcards}
    rules["spaces"] = draw(st.sampled_from(["collapse", "exact", "ignore"]))
    return ShortText(**draw(_asked())), ShortTextKey(accepted=forms, **rules)


@st.composite
def orderings(draw: st.DrawFn) -> Pair:
    """All rules of partial credit."""
    question = Ordering(**draw(_asked()), options=draw(options()))
    ids = [each.option_id for each in question.options]
    order = draw(st.permutations(ids).filter(lambda order: list(order) != ids))
    rule: Any = draw(st.sampled_from(["all_or_nothing", "each_position", "next_pair", "longest_subset"]))
    return question, OrderingKey(order=list(order), rule=rule)


@st.composite
def matchings(draw: st.DrawFn) -> Pair:
    """Some choices belong to no prompt, some to several."""
    prompts, choices = draw(options(1, "p")), draw(options(2, "c"))
    question = Matching(**draw(_asked()), prompts=prompts, choices=choices, shuffle=draw(st.booleans()))
    pairs = {each.option_id: draw(st.sampled_from(choices)).option_id for each in prompts}
    return question, MatchingKey(pairs=pairs, rule=draw(st.sampled_from(["each_pair", "all_or_nothing"])))


@st.composite
def clozes(draw: st.DrawFn) -> Pair:
    """Gaps of the three kinds, with weights."""
    pairs = draw(st.lists(st.one_of(single_choices(), numerics(), short_texts()), min_size=1, max_size=3))
    gaps: list[Any] = []
    keys: dict[str, Any] = {}
    asked = draw(_asked())
    for number, (gap, key) in enumerate(pairs):
        gap_id = f"g{number}"
        fields: dict[str, Any] = {each: getattr(gap, each) for each in gap.__struct_fields__}
        fields |= {"question_id": gap_id, "text": "", "hints": [], "hint_penalty": "0"}
        gaps.append(type(gap)(**fields))
        keys[gap_id] = key
        asked["text"] += f" {{{{{gap_id}}}}}"
    return Cloze(**asked, gaps=gaps), ClozeKey(gaps=keys)


@st.composite
def by_people(draw: st.DrawFn) -> Pair:
    """An essay or files, with a rubric."""
    points = [draw(st.integers(1, 5).map(str)), "0"]
    levels = [Level(level_id=f"l{number}", text="level", points=each) for number, each in enumerate(points)]
    rubric = [Criterion(criterion_id="c1", text="clear", levels=levels)]
    if draw(st.booleans()):
        return Essay(**draw(_asked()), max_words=draw(st.integers(1, 500))), EssayKey(
            rubric=rubric, guidance=draw(TEXTS)
        )
    return FileUpload(**draw(_asked()), accept=[".pdf"]), FileUploadKey(rubric=rubric)


BY_KIND: dict[str, st.SearchStrategy[Pair]] = {
    "single_choice": single_choices(),
    "multiple_choice": multiple_choices(),
    "true_false": true_falses(),
    "numeric": numerics(),
    "short_text": short_texts(),
    "ordering": orderings(),
    "matching": matchings(),
    "cloze": clozes(),
}
"""Questions that a program marks, by kind."""

QUESTIONS: st.SearchStrategy[Pair] = st.one_of(*BY_KIND.values(), by_people())
