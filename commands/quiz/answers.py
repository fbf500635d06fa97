"""The answers of an attempt, by its facts."""

from collections.abc import Iterable

from domain.fact import Fact
from domain.quiz.answers import SavedAnswer, StoredForm


def answers_in(facts: Iterable[Fact]) -> dict[str, SavedAnswer]:
    """The answer to each item by the facts of an attempt: the one with the highest client sequence."""
    answers: dict[str, SavedAnswer] = {}
    for fact in facts:
        if fact.type != "attempt.answer_saved":
            continue
        data = fact.data
        known = answers.get(data["item_id"])
        if known is None or known.client_seq < data["client_seq"]:
            form = StoredForm(data["response"], data["words"])
            answers[data["item_id"]] = SavedAnswer(
                data["item_id"], data["client_seq"], form, fact.occurred_at, fact.position
            )
    return answers
