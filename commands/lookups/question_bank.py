"""What other contexts may know of question banks: the questions that a section of a quiz draws from."""

from commands.log import Log
from domain.question_bank import BankNotFound, BankQuestion, Content, QuestionBank, bank_stream
from domain.questions.sections import Section, candidates
from domain.tags import QueryItem, tag


async def questions_for(log: Log, section: Section, course_id: str | None) -> list[Content]:
    """
    The questions of a bank from which a section draws, in their newest versions, by their ids.

    Args:
        course_id: the course whose quiz draws; None to draw from any bank.

    Raises:
        BankNotShared: it is not of the course, nor shared with it; decided again if that changes meanwhile. So is one
            that there is not: who draws for a course learns of no bank of another whether there is one.
        BankNotFound: there is no such bank, where any may be drawn from.
    """
    bank = await log.read(QuestionBank, bank_stream(section.bank_id))
    if course_id is not None:
        bank.must_be_open_to(course_id)
    if not bank.exists:
        raise BankNotFound(bank_id=section.bank_id)
    added = QueryItem(("question.added",), (tag("bank", section.bank_id),))
    questions = {
        question.id_of("question_id"): question
        for question in [await log.read(BankQuestion, stream) for stream in await log.streams((added,))]
        if not question.is_retired
    }
    found = candidates(section, {question_id: question.label for question_id, question in questions.items()})
    return [questions[question_id].versions[-1] for question_id in sorted(found)]
