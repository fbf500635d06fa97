"""A question bank as it is now: a fold of its facts, when it is asked for."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from adapters.postgres.connection import Connection, life_of
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.log.question_banks import facts_of_bank, facts_of_banks
from domain.fact import Fact
from domain.question_bank import OF_CAMPUS, BankNotFound, QuestionNotFound, question_stream
from domain.questions import Key, Question, key_from, question_from
from domain.questions.sections import Label

KEPT = 4  # banks in the memory of a process: one of 5,000 questions takes some 15 MB


@dataclass(frozen=True)
class BankItem:
    """
    A question of a bank in its newest version.

    Attributes:
        asked, hidden: the question and the key as the fact has them: a list of thousands reads those that it shows.
    """

    question_id: str
    label: Label
    asked: dict[str, Any]
    hidden: dict[str, Any]
    version: int = 1
    is_retired: bool = False

    @cached_property
    def question(self) -> Question:
        """What is asked."""
        return question_from(self.asked)

    @cached_property
    def key(self) -> Key:
        """What is right."""
        return key_from(self.hidden)


@dataclass
class Bank:
    """
    A bank with its questions, in the order in which they were added, at a position of the log.

    Attributes:
        course_id: whose bank it is, OF_CAMPUS for none.
        shared_with: other courses whose quizzes may draw from it.
    """

    bank_id: str
    title: str = ""
    course_id: str = OF_CAMPUS
    shared_with: set[str] = field(default_factory=set)
    position: int = 0
    items: dict[str, BankItem] = field(default_factory=dict)

    @property
    def courses(self) -> set[str]:
        """The courses whose teachers may read it."""
        return {self.course_id, *self.shared_with} - {OF_CAMPUS}

    @property
    def current(self) -> list[BankItem]:
        """The questions that are not retired."""
        return [item for item in self.items.values() if not item.is_retired]

    def apply(self, fact: Fact) -> None:
        """Take one fact into account."""
        data = fact.data
        match fact.type:
            case "question_bank.created":
                self.title, self.course_id = data["title"], data["course_id"]
            case "question_bank.renamed":
                self.title = data["new"]
            case "question_bank.moved":
                self.course_id = data["new"]
                self.shared_with.discard(self.course_id)
            case "question_bank.shared":
                self.shared_with.add(data["course_id"])
            case "question_bank.unshared":
                self.shared_with.discard(data["course_id"])
            case _:
                self._apply_to_question(fact.id("question_id"), fact.type, fact)

    def _apply_to_question(self, question_id: str, fact_type: str, fact: Fact) -> None:
        data = fact.data
        if fact_type == "question.added":
            label = msgspec.convert(data["label"], Label)
            self.items[question_id] = BankItem(question_id, label, data["question"], data["key"])
            return
        item = self.items[question_id]
        match fact_type:
            case "question.revised":
                item = replace(item, asked=data["question"], hidden=data["key"], version=data["version"])
            case "question.relabelled":
                item = replace(item, label=msgspec.convert(data["new"], Label))
            case "question.retired":
                item = replace(item, is_retired=True)
            case "question.restored":
                item = replace(item, is_retired=False)
        self.items[question_id] = item


async def bank_of(log: PostgresLog, bank_id: str) -> Bank:
    """
    A bank with all its questions.

    Raises:
        BankNotFound: there is none of this id.
    """
    head, facts = await log.link.run(lambda connection: facts_of_bank(connection, bank_id))
    if not any(fact.type == "question_bank.created" for fact in facts):
        raise BankNotFound(bank_id=bank_id)
    bank = Bank(bank_id, position=head)
    for fact in facts:
        bank.apply(fact)
    return bank


class KnownBanks:
    """
    The banks that a process was asked for last, carried on by the facts that came since: their lists are read by pages.

    Reading and folding a bank of 5,000 questions takes some 70 ms of a processor, which a page of 100 need not.
    """

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._known: OrderedDict[str, tuple[str, Bank]] = OrderedDict()  # with the life of the log that each is of

    async def bank_of(self, bank_id: str) -> Bank:
        """As the function of this name; it is shared, and not to be changed."""

        async def work(connection: Connection) -> tuple[str, Bank, int, list[Fact]]:
            life = await life_of(connection)
            known_life, bank = self._known.get(bank_id, ("", Bank(bank_id)))
            if known_life != life:
                bank = Bank(bank_id)
            return life, bank, *await facts_of_bank(connection, bank_id, bank.position)

        life, bank, head, facts = await self._log.link.run(work)
        for fact in facts:
            if fact.position > bank.position:  # else another request has taken it into account meanwhile
                bank.apply(fact)
                bank.position = fact.position
        bank.position = max(bank.position, head)
        if not bank.title:
            raise BankNotFound(bank_id=bank_id)
        self._known[bank_id] = life, bank
        self._known.move_to_end(bank_id)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return bank


async def question_of(log: PostgresLog, bank_id: str, question_id: str) -> tuple[int, BankItem]:
    """
    The head of the log, and a question of a bank, by its own facts alone.

    Raises:
        QuestionNotFound: there is none of this id.
    """
    bank = Bank(bank_id, position=await log.head())
    for fact in await log.stream(question_stream(bank_id, question_id)):
        bank.apply(fact)
    if question_id not in bank.items:
        raise QuestionNotFound(bank_id=bank_id, question_id=question_id)
    return bank.position, bank.items[question_id]


async def all_banks(log: PostgresLog) -> tuple[int, list[Bank]]:
    """The head of the log, and all banks with their titles, without their questions, by their ids."""
    head, facts = await log.link.run(facts_of_banks)
    banks: dict[str, Bank] = {}
    for fact in facts:
        bank_id = fact.id("bank_id")
        banks.setdefault(bank_id, Bank(bank_id, position=head)).apply(fact)
    return head, [banks[bank_id] for bank_id in sorted(banks)]
