"""The answers of an attempt, by its facts."""

from collections.abc import Iterable

from commands.log import Log
from domain.fact import Fact
from domain.personal import read_words
from domain.questions import Response, from_index, response_from
from domain.quiz import QuizAttempt
from domain.quiz.answers import SavedAnswer, StoredForm
from domain.quiz.version import Version
from domain.tags import QueryItem, tag


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


def file_names(answers: Iterable[SavedAnswer]) -> dict[str, str]:
    """What learners call the files that their answers name, by their hashes; of answers with their words opened."""
    return {
        str(file["sha256"]): str(file["name"])
        for answer in answers
        for file in (answer.response or {}).get("files", [])
    }


async def responses_of(log: Log, attempt: QuizAttempt) -> dict[str, Response | None]:
    """The responses of a started attempt, by item; one whose words are erased is none."""
    about = (tag("learner", attempt.id_of("learner_id")), tag("quiz", attempt.id_of("quiz_id")))
    saved = await log.facts((QueryItem(("attempt.answer_saved",), about),))
    answers = answers_in(fact for fact in saved if fact.stream_id == attempt.id)
    if any(answer.form.words for answer in answers.values()):
        key = await log.words_key(attempt.id)
        if key is not None:
            for item_id, answer in answers.items():
                form = StoredForm(answer.form.response, read_words(answer.form.words, key))
                answers[item_id] = answer._replace(form=form)
    found = {item_id: answer.response for item_id, answer in answers.items()}
    return {item_id: None if response is None else response_from(response) for item_id, response in found.items()}


def responses_in(attempt: QuizAttempt, version: Version) -> dict[str, Response | None]:
    """The responses of an attempt that was handed in at once, by item."""
    return {item.item_id: from_index(given) for item, given in zip(version.items, attempt.responses, strict=False)}
