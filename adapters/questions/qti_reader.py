"""
QTI 2.1, 2.2 and 3.0: one item a file, or many in a package.

Taken are choice, inline choice, text entry, order, match, extended text and upload interactions with the standard
templates of response processing, or conditions that say the same. Items with several inline interactions are clozes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from adapters.questions.found import NotTaken, Read
from adapters.questions.qti_scoring import Declared, Scoring, declarations, scoring_of, share, tolerances, value_of
from adapters.questions.qti_tree import Texts, attribute, body_of, kind, of, one, remove, replace_by, within
from adapters.questions.xml import Element, line_of, text_in
from domain.questions import Key, Question, exact, written
from domain.questions.checks import MOST_PARTS
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
    ShortText,
    SingleChoice,
    TrueFalse,
)
from domain.questions.sections import Label

INLINE = ("textentryinteraction", "inlinechoiceinteraction")
BLOCKS = ("choiceinteraction", "orderinteraction", "matchinteraction", "extendedtextinteraction", "uploadinteraction")
BLANK = "_____"
FEEDBACK = {
    "general": "general",
    "right": "when_right",
    "correct": "when_right",
    "partly": "when_partly",
    "wrong": "when_wrong",
    "incorrect": "when_wrong",
}
"""By the identifier of a modal feedback, the field of the key."""

Pair: TypeAlias = tuple[Question, Key]


def read_item(read: Read, item: Element, file: str) -> None:
    """Add the question of an assessment item."""
    title = attribute(item, "title")
    read.take(line_of(item), title or attribute(item, "identifier"), lambda: _question(item, title), file)


def _question(item: Element, title: str) -> tuple[Label, Question, Key]:
    body = body_of(item)
    texts, scoring, declared = Texts(body), scoring_of(item), declarations(item)
    interactions = [each for each in body.iter() if kind(each).endswith("interaction")]
    if not interactions:
        raise NotTaken("it has no interaction: nothing is asked")
    if len(interactions) > MOST_PARTS:
        raise NotTaken(f"it has more than {MOST_PARTS} interactions")
    kinds = {kind(each) for each in interactions}
    hints = [texts.of(each) for each in within(body, "rubricblock") if attribute(each, "use") == "hint"]
    guidance = [texts.of(each) for each in within(body, "rubricblock") if attribute(each, "use") != "hint"]
    for block in list(within(body, "rubricblock")):
        remove(block)
    asked: dict[str, Any] = {"question_id": "", "format": texts.format, "hints": hints}
    hidden, of_options = _feedback(item, texts)
    context = Context(item, texts, scoring, declared, asked, hidden, of_options, "\n".join(guidance))
    category = attribute(body, "datacampuslogcategory")
    tags = [each for each in attribute(body, "datacampuslogtags").split("\n") if each]
    asked["hint_penalty"] = attribute(body, "datacampusloghintpenalty", "0")
    if kinds <= set(INLINE):
        question, key = context.inline(body, interactions)
    elif len(interactions) > 1 or not kinds <= set(BLOCKS):
        raise NotTaken(f"interactions of these kinds are not taken together, or not at all: {', '.join(sorted(kinds))}")
    else:
        question, key = context.block(body, interactions[0])
    return Label(title=" ".join(title.split()), category=category, tags=tags), question, key


def _feedback(item: Element, texts: Texts) -> tuple[dict[str, str], dict[str, str]]:
    """What a key says about the whole, and about each option."""
    whole: dict[str, str] = {}
    of_options: dict[str, str] = {}
    for each in of(item, "modalfeedback"):
        name = attribute(each, "identifier")
        content = one(each, "contentbody")
        text = texts.of(each if content is None else content)
        if name.lower() in FEEDBACK:
            whole[FEEDBACK[name.lower()]] = text
        elif name.startswith("option."):
            of_options[name.removeprefix("option.")] = text
    return whole, of_options


@dataclass(frozen=True)
class Context:
    """What the readers of the interactions of one item need."""

    item: Element
    texts: Texts
    scoring: Scoring
    declared: dict[str, Declared]
    asked: dict[str, Any]
    hidden: dict[str, Any]
    feedback: dict[str, str]
    guidance: str

    def declaration(self, interaction: Element) -> Declared:
        """The declaration of the response to an interaction."""
        found = self.declared.get(attribute(interaction, "responseidentifier", "RESPONSE"))
        if found is None:
            raise NotTaken("its response is not declared")
        return found

    def block(self, body: Element, interaction: Element) -> Pair:
        """A question with one interaction that stands by itself."""
        prompt = one(interaction, "prompt")
        said = self.texts.of(prompt)
        if prompt is not None:
            interaction.remove(prompt)
        remove(interaction)
        around = self.texts.of_body(body)
        between = "\n" if around and said else ""
        self.asked["text"] = f"{around}{between}{said}"
        return READERS[kind(interaction)](self, interaction)

    def inline(self, body: Element, interactions: list[Element]) -> Pair:
        """A text with one or more places to fill in."""
        if len(interactions) == 1 and kind(interactions[0]) == "textentryinteraction":
            interaction = interactions[0]
            parent = interaction.getparent()
            is_alone = parent is not None and len(parent) == 1 and not text_in(parent).strip()
            replace_by(interaction, "" if is_alone else BLANK)
            if is_alone and parent is not None and parent is not body:
                remove(parent)
            self.asked["text"] = self.texts.of_body(body)
            gap, key, points = self.gap("", interaction)
            fields = {name: getattr(gap, name) for name in ("with_unit", "units", "max_length") if hasattr(gap, name)}
            changed = {name: getattr(key, name) for name in key.__struct_fields__} | self.hidden
            return type(gap)(**self.asked, **fields, points=written(self.scoring.near(points))), type(key)(**changed)
        gaps: list[Gap] = []
        keys: dict[str, GapKey] = {}
        whole = Fraction(0)
        for place, interaction in enumerate(interactions, 1):
            gap, gap_key, points = self.gap(f"g{place}", interaction)
            gaps.append(gap)
            keys[f"g{place}"] = gap_key
            whole += points
            replace_by(interaction, f"{{{{g{place}}}}}")
        self.asked["text"] = self.texts.of_body(body)
        return Cloze(**self.asked, gaps=gaps, points=written(self.scoring.near(whole))), ClozeKey(
            **self.hidden, gaps=keys
        )

    def gap(self, gap_id: str, interaction: Element) -> tuple[Gap, GapKey, Fraction]:
        """One place to fill in, its key and its points."""
        declared = self.declaration(interaction)
        identifier = attribute(interaction, "responseidentifier", "RESPONSE")
        asked: dict[str, Any] = {"question_id": gap_id, "text": "", "format": self.texts.format}
        worth = dict(declared.mapping) or dict.fromkeys(declared.correct[:1], self.scoring.points)
        if kind(interaction) == "inlinechoiceinteraction":
            options = [(attribute(each, "identifier"), self.texts.of(each)) for each in of(interaction, "inlinechoice")]
            points = max(worth.values(), default=Fraction(0))
            shares = {each: share(value, points) for each, value in worth.items()}
            listed = [Option(option_id=name, text=text) for name, text in options]
            shuffle = attribute(interaction, "shuffle") == "true"
            gap = SingleChoice(**asked, options=listed, shuffle=shuffle, points=written(points))
            return gap, SingleChoiceKey(shares=shares), points
        compared = tolerances(self.item, identifier)
        if compared or declared.is_number:
            compared = compared or [(value_of(text, "value"), Fraction(0), points) for text, points in worth.items()]
            points = max((each[2] for each in compared), default=Fraction(0))
            answers = [
                NumericAnswer(value=written(value), tolerance=written(tolerance), share=share(part, points))
                for value, tolerance, part in compared
            ]
            return Numeric(**asked, points=written(points)), NumericKey(answers=answers), points
        points = max(worth.values(), default=Fraction(0))
        forms = [AcceptedText(text=text, share=share(part, points)) for text, part in worth.items()]
        key = ShortTextKey(accepted=forms, case_sensitive=bool(declared.mapping) and declared.case_sensitive)
        return ShortText(**asked, points=written(points)), key, points


def _choice(context: Context, interaction: Element) -> Pair:
    declared = context.declaration(interaction)
    options = _options(context.texts, of(interaction, "simplechoice"))
    shuffle = attribute(interaction, "shuffle") == "true"
    worth = declared.mapping if context.scoring.maps else dict.fromkeys(declared.correct, context.scoring.points)
    if declared.cardinality == "single":
        points = context.scoring.near(max(worth.values(), default=Fraction(0)))
        asked = context.asked | {"points": written(points)}
        if [each.option_id.lower() for each in options] == ["true", "false"] and len(declared.correct) == 1:
            is_true = declared.correct[0].lower() == "true"
            return TrueFalse(**asked), TrueFalseKey(**context.hidden, right=is_true)
        shares = {each: share(value, points) for each, value in worth.items()}
        key = SingleChoiceKey(**context.hidden, shares=shares, feedback=context.feedback)
        return SingleChoice(**asked, options=options, shuffle=shuffle), key
    limits = _limits(interaction, len(options))
    if not context.scoring.maps:
        asked = context.asked | {"points": written(context.scoring.points)}
        return MultipleChoice(**asked, **limits, options=options, shuffle=shuffle), MultipleChoiceKey(
            **context.hidden, right=declared.correct, feedback=context.feedback
        )
    points = context.scoring.near(sum((value for value in worth.values() if value > 0), Fraction(0)))
    shares = {each: share(value, points) for each, value in worth.items()}
    right = [each for each in shares if exact(shares[each]) > 0]
    return MultipleChoice(
        **context.asked, **limits, points=written(points), options=options, shuffle=shuffle
    ), MultipleChoiceKey(**context.hidden, right=right, rule="shares", shares=shares, feedback=context.feedback)


def _options(texts: Texts, elements: list[Element]) -> list[Option]:
    return [
        Option(option_id=attribute(each, "identifier"), text=texts.of(each), fixed=attribute(each, "fixed") == "true")
        for each in elements
    ]


def _limits(interaction: Element, options: int) -> dict[str, Any]:
    most, least = (attribute(interaction, name, "0") for name in ("maxchoices", "minchoices"))
    if not (most.isascii() and most.isdecimal() and least.isascii() and least.isdecimal() and len(most + least) < 9):
        raise NotTaken("max-choices or min-choices is no number")
    return {"max_choices": int(most) if 0 < int(most) < options else None, "min_choices": int(least)}


def _order(context: Context, interaction: Element) -> Pair:
    declared = context.declaration(interaction)
    if context.scoring.maps:
        raise NotTaken("an order that is scored by a mapping is not taken")
    options = _options(context.texts, of(interaction, "simplechoice"))
    asked = context.asked | {"points": written(context.scoring.points)}
    return Ordering(**asked, options=options), OrderingKey(**context.hidden, order=declared.correct)


def _match(context: Context, interaction: Element) -> Pair:
    declared = context.declaration(interaction)
    sets = of(interaction, "simplematchset")
    if len(sets) != 2:
        raise NotTaken("a match has two sets")
    prompts, choices = (_options(context.texts, of(each, "simpleassociablechoice")) for each in sets)
    worth = declared.mapping if context.scoring.maps else dict.fromkeys(declared.correct, Fraction(1))
    if len(set(worth.values())) != 1 or min(worth.values()) <= 0:
        raise NotTaken("its pairs are not all worth the same")
    pairs: dict[str, str] = {}
    for pair in worth:
        prompt, _, choice = pair.partition(" ")
        if prompt in pairs:
            raise NotTaken(f"{prompt[:40]} belongs to two choices")
        pairs[prompt] = choice
    points = context.scoring.near(sum(worth.values(), Fraction(0))) if context.scoring.maps else context.scoring.points
    most = [attribute(each, "matchmax", "1") for each in of(sets[1], "simpleassociablechoice")]
    question = Matching(
        **context.asked,
        points=written(points),
        prompts=prompts,
        choices=choices,
        shuffle=attribute(interaction, "shuffle") == "true",
        reuse=any(each != "1" for each in most),
    )
    return question, MatchingKey(
        **context.hidden, pairs=pairs, rule="each_pair" if context.scoring.maps else "all_or_nothing"
    )


def _essay(context: Context, interaction: Element) -> Pair:
    lines = attribute(interaction, "expectedlines", "15")
    asked = context.asked | {"points": written(context.scoring.points)}
    limits = {name: attribute(interaction, f"datacampuslog{name}") for name in ("minwords", "maxwords")}
    words: dict[str, Any] = {
        f"{name[:3]}_words": int(text) for name, text in limits.items() if text.isascii() and text.isdecimal()
    }
    size = int(lines) if lines.isascii() and lines.isdecimal() and len(lines) < 5 else 15
    return Essay(**asked, **words, lines=size), EssayKey(**context.hidden, guidance=context.guidance)


def _upload(context: Context, interaction: Element) -> Pair:
    asked = context.asked | {"points": written(context.scoring.points)}
    accept = attribute(interaction, "type").split()
    numbers = {name: attribute(interaction, f"datacampuslog{name}") for name in ("maxfiles", "maxbytes")}
    limits: dict[str, Any] = {
        f"{name[:3]}_{name[3:]}": int(text)
        for name, text in numbers.items()
        if text.isascii() and text.isdecimal() and len(text) < 12
    }
    return FileUpload(**asked, **limits, accept=accept), FileUploadKey(**context.hidden, guidance=context.guidance)


READERS: dict[str, Callable[[Context, Element], Pair]] = {
    "choiceinteraction": _choice,
    "orderinteraction": _order,
    "matchinteraction": _match,
    "extendedtextinteraction": _essay,
    "uploadinteraction": _upload,
}
