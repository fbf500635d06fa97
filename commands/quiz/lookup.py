"""The quiz that a command is about."""

from commands.log import Log
from domain.quiz import Quiz, QuizNotFound, quiz_stream


async def existing_quiz(log: Log, quiz_id: str) -> Quiz:
    """
    A quiz, only to read.

    Raises:
        QuizNotFound: there is no such quiz.
    """
    quiz = await log.read(Quiz, quiz_stream(quiz_id))
    if not quiz.exists:
        raise QuizNotFound(quiz_id=quiz_id)
    return quiz
