"""Courses of the synthetic campus. The first option of a question is the right one; `items_and_key` shuffles them."""

import random
from dataclasses import dataclass

from domain.catalog import Unit
from domain.quiz import Item

WEIGHTS = (2_000, 3_000, 5_000)  # basis points, of the quizzes of a course
DAYS_OF_WEEK = 7

Question = tuple[str, str, str, str]


@dataclass(frozen=True)
class SeedQuiz:
    """A quiz, due at the end of its *week*, counted from 1."""

    title: str
    week: int
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class SeedCourse:
    """A course: material by week, and three quizzes."""

    course_id: str
    title: str
    summary: str
    instructor: str
    material: tuple[tuple[int, str, str], ...]  # week, kind, title
    quizzes: tuple[SeedQuiz, SeedQuiz, SeedQuiz]

    def units(self) -> list[Unit]:
        """The units in the order of the weeks; a quiz is the last of its week."""
        placed = [
            (week, 0, Unit(f"{kind}-{number}", kind, title))
            for number, (week, kind, title) in enumerate(self.material, start=1)
        ]
        placed += [
            (quiz.week, 1, Unit(f"quiz-{number}", "quiz", quiz.title, weight, quiz.week * DAYS_OF_WEEK))
            for number, (quiz, weight) in enumerate(zip(self.quizzes, WEIGHTS, strict=True), start=1)
        ]
        return [unit for *_, unit in sorted(placed, key=lambda place: place[:2])]

    def week_of(self, unit_id: str) -> int:
        """The week of a unit, counted from 1."""
        kind, _, number = unit_id.partition("-")
        return self.quizzes[int(number) - 1].week if kind == "quiz" else self.material[int(number) - 1][0]


def items_and_key(quiz: SeedQuiz) -> tuple[list[Item], list[int]]:
    """The questions with their options shuffled, always in the same way, and the index of each right option."""
    mixed = random.Random(quiz.title)  # noqa: S311 - not a secret: this is what makes it the same every time
    items, key = [], []
    for number, (text, right, *wrong) in enumerate(quiz.questions, start=1):
        options = mixed.sample([right, *wrong], 1 + len(wrong))
        items.append(Item(f"q{number}", text, options))
        key.append(options.index(right))
    return items, key


COURSES = (
    SeedCourse(
        "STAT101",
        "Statistics for Everyday Decisions",
        "Averages, chance and evidence, with data that you have met before.",
        "instructor",
        (
            (1, "video", "Why averages mislead"),
            (1, "reading", "Mean, median and what lies between"),
            (3, "video", "Chance, and how it feels"),
            (4, "exercise", "A hundred throws of a die"),
            (6, "reading", "Samples, and those who did not answer"),
            (8, "video", "Is it a difference or is it noise?"),
        ),
        (
            SeedQuiz(
                "Describing data",
                2,
                (
                    ("Which value is the median of 3, 9, 4?", "4", "3", "5.3"),
                    ("Which of these does one very large value move most?", "the mean", "the median", "the mode"),
                    ("What does a standard deviation of 0 say?", "all values are equal", "the mean is 0", "no data"),
                ),
            ),
            SeedQuiz(
                "Chance",
                5,
                (
                    ("How likely are two heads in two fair tosses?", "1 in 4", "1 in 2", "1 in 3"),
                    ("After five heads in a row, the next toss is", "as open as ever", "likely tails", "likely heads"),
                    (
                        "Two events are independent if",
                        "one says nothing about the other",
                        "both are rare",
                        "they add up",
                    ),
                ),
            ),
            SeedQuiz(
                "Evidence",
                9,
                (
                    ("A larger random sample mainly makes an estimate", "more precise", "less biased", "larger"),
                    (
                        "A p-value of 0.03 is a statement about",
                        "the data, if nothing is going on",
                        "the theory",
                        "luck",
                    ),
                    (
                        "Correlation without a cause may come from",
                        "a third thing behind both",
                        "small numbers",
                        "units",
                    ),
                ),
            ),
        ),
    ),
    SeedCourse(
        "DB201",
        "Databases from the Ground Up",
        "From one file on a disk to transactions that survive a power cut.",
        "prof-hopper",
        (
            (1, "video", "What is wrong with a file"),
            (1, "reading", "Pages, rows and why order costs"),
            (2, "exercise", "Your first hundred queries"),
            (4, "video", "Transactions, or: all or nothing"),
            (5, "reading", "The log before the data"),
            (7, "exercise", "Pull the plug and see"),
        ),
        (
            SeedQuiz(
                "Tables and keys",
                2,
                (
                    ("What does a primary key promise?", "one row at most for each value", "speed", "order on disk"),
                    ("Which join keeps rows without a partner?", "an outer join", "an inner join", "a natural join"),
                    ("A foreign key refuses", "references to nothing", "two equal rows", "empty tables"),
                ),
            ),
            SeedQuiz(
                "Indexes",
                4,
                (
                    (
                        "A B-tree finds one of a million rows in about",
                        "3 or 4 steps",
                        "1,000 steps",
                        "half a million steps",
                    ),
                    ("What does every further index make slower?", "writing", "reading", "connecting"),
                    ("An index on (a, b) helps a search for", "a alone", "b alone", "neither"),
                ),
            ),
            SeedQuiz(
                "Transactions",
                8,
                (
                    (
                        "Why is the log written first?",
                        "what was promised can be redone",
                        "it is smaller",
                        "out of habit",
                    ),
                    ("Two transactions that wait for each other are in", "a deadlock", "a savepoint", "isolation"),
                    ("Which of the four letters of ACID is about power cuts?", "D", "A", "C"),
                ),
            ),
        ),
    ),
    SeedCourse(
        "WRIT110",
        "Writing Clearly",
        "Short words, whole thoughts, and the courage to cut.",
        "prof-orwell",
        (
            (1, "video", "Who is reading?"),
            (2, "reading", "Verbs do the work"),
            (3, "exercise", "Cut this page by half"),
            (5, "forum", "Show us a paragraph"),
            (6, "reading", "Structure that can be seen"),
        ),
        (
            SeedQuiz(
                "Words",
                2,
                (
                    ("Which is the plainest?", "use", "utilise", "make use of"),
                    ("Which has a hidden verb?", "give consideration to", "consider", "think about"),
                    ("The passive voice hides", "who did it", "when it was done", "what was done"),
                ),
            ),
            SeedQuiz(
                "Sentences",
                4,
                (
                    ("The end of a sentence is the place for", "what matters most", "the date", "what is known"),
                    ("A long sentence is best", "followed by a short one", "avoided at any price", "made longer"),
                    ("However, but and yet announce", "a turn", "a reason", "an end"),
                ),
            ),
            SeedQuiz(
                "Paragraphs",
                7,
                (
                    ("A paragraph is about", "one thing", "five lines", "whatever comes"),
                    ("Where do hurried readers look?", "at first sentences", "at last words", "at footnotes"),
                    ("Revising begins with", "what to leave out", "spelling", "fonts"),
                ),
            ),
        ),
    ),
    SeedCourse(
        "CLIM150",
        "Climate and Society",
        "What the measurements say, and who decides what to do about them.",
        "instructor",
        (
            (1, "video", "Weather is not climate"),
            (2, "reading", "Two hundred years of measurements"),
            (4, "video", "Who emits, who pays"),
            (5, "forum", "What would change your mind?"),
            (7, "exercise", "Balance a carbon budget"),
        ),
        (
            SeedQuiz(
                "Measurements",
                3,
                (
                    ("Climate is described over about", "30 years", "1 year", "1 month"),
                    ("Which gas is the largest part of air?", "nitrogen", "oxygen", "carbon dioxide"),
                    ("Ice cores tell of the air of the past by", "bubbles", "colour", "weight"),
                ),
            ),
            SeedQuiz(
                "Causes",
                5,
                (
                    ("Which stays in the air longest?", "carbon dioxide", "methane", "water vapour"),
                    ("White surfaces mostly", "send light back", "store heat", "make rain"),
                    ("A feedback that makes a change larger is called", "positive", "negative", "neutral"),
                ),
            ),
            SeedQuiz(
                "Choices",
                8,
                (
                    ("A price on carbon makes", "polluting dearer", "energy free", "trade unlawful"),
                    ("Adapting means", "living with what comes", "preventing it", "ignoring it"),
                    ("A common good that nobody guards is often", "overused", "forgotten", "sold"),
                ),
            ),
        ),
    ),
)
