"""GIFT, written: the kinds and rules that the format has words for; it has none for points, hints and clozes."""

import re

from adapters.questions.found import NotTaken
from adapters.questions.percent import percent
from domain.questions import Key, Question, exact
from domain.questions.key import (
    EssayKey,
    MatchingKey,
    MultipleChoiceKey,
    NumericKey,
    ShortTextKey,
    SingleChoiceKey,
    TrueFalseKey,
)
from domain.questions.question import Matching, MultipleChoice, SingleChoice
from domain.questions.sections import Label

_SPECIAL = re.compile(r"[\\:#={}~]")


def gift_of(label: Label, question: Question, key: Key) -> str:
    """One question as a block of lines, with its tags in a comment before it; raises NotTaken."""
    if question.points != "1" or question.hints:
        raise NotTaken("GIFT has no points other than 1, and no hints")
    lines = [f"// {' '.join(f'[tag:{_tag(tag)}]' for tag in label.tags)}"] if label.tags else []
    title = f"::{_escaped(label.title)}::" if label.title else ""
    general = f"\n####{_escaped(key.general)}" if key.general else ""
    lines.append(f"{title}[{question.format}]{_escaped(question.text)}{{{_answers(question, key)}{general}}}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\n", "\\n")


def _tag(text: str) -> str:
    return re.sub(r"[\]\\]", r"\\\g<0>", text)


def _said(feedback: str) -> str:
    return f"#{_escaped(feedback)}" if feedback else ""


def _answers(question: Question, key: Key) -> str:  # noqa: PLR0911 - one for each kind
    match key:
        case SingleChoiceKey() if isinstance(question, SingleChoice):
            return "\n".join(["", *(_option(each.option_id, each.text, key) for each in question.options)])
        case MultipleChoiceKey() if isinstance(question, MultipleChoice) and key.rule == "shares":
            return "\n".join(["", *(_option(each.option_id, each.text, key) for each in question.options)])
        case TrueFalseKey():
            wrong, right = _escaped(key.when_wrong), _escaped(key.when_right)
            said = f"#{wrong}" + (f"#{right}" if right else "") if wrong or right else ""
            return ("TRUE" if key.right else "FALSE") + said
        case NumericKey():
            answers = [
                f"={_weight(each.share)}{each.value}:{each.tolerance}{_said(each.feedback)}" for each in key.answers
            ]
            return "\n".join(["#", *answers, *([f"~{_said(key.when_wrong)}"] if key.when_wrong else [])])
        case ShortTextKey():
            forms = [each.text if key.wildcards else each.text.replace("*", "\\*") for each in key.accepted]
            return "\n".join(
                f"={_weight(each.share)}{_escaped(form)}{_said(each.feedback)}"
                for each, form in zip(key.accepted, forms, strict=True)
            )
        case MatchingKey() if isinstance(question, Matching):
            return _pairs(question, key)
        case EssayKey():
            return ""
    raise NotTaken("GIFT has no such kind, or not its rule for partial credit")


def _weight(share: str) -> str:
    return "" if exact(share) == 1 else f"%{percent(share)}%"


def _option(option_id: str, text: str, key: SingleChoiceKey | MultipleChoiceKey) -> str:
    share = key.shares.get(option_id, "0")
    single = isinstance(key, SingleChoiceKey)
    sign = "=" if single and exact(share) == 1 else "~"
    weight = "" if sign == "=" or exact(share) == 0 else f"%{percent(share)}%"
    return f"{sign}{weight}{_escaped(text)}{_said(key.feedback.get(option_id, ''))}"


def _pairs(question: Matching, key: MatchingKey) -> str:
    choices = {each.option_id: each.text for each in question.choices}
    prompts = {each.option_id: each.text for each in question.prompts}
    lines = [f"={_escaped(prompts[prompt])} -> {_escaped(choices[choice])}" for prompt, choice in key.pairs.items()]
    others = [text for choice, text in choices.items() if choice not in key.pairs.values()]
    return "\n".join(["", *lines, *(f"= -> {_escaped(text)}" for text in others)])
