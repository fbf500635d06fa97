"""
The catalog of one presentation: its module becomes a course, sites and assessments a version of it, itself a run.

Each command carries an idempotency key of the presentation and a fingerprint of all its rows: a repetition changes
nothing, and a presentation that was imported from other rows is refused.
"""

from typing import Any

from adapters.command_bus.bus import Bus
from adapters.command_bus.unit_of_work import AggregateCache, UnitOfWork
from adapters.oulad.digest import digest
from adapters.oulad.model import Presentation
from adapters.postgres.log.append import Append
from adapters.postgres.log.postgres_log import PostgresLog
from commands.catalog import CloseRun, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.log import Context
from commands.quiz import PublishQuiz
from domain.catalog import Course, Run, course_stream, run_stream
from domain.quiz import Quiz, quiz_stream
from workers.importing.oulad.history import PASS_BP, TABLES
from workers.importing.oulad.outline import assessment_titles, course_title, groups, units

PLAN = 3  # raise it when the same rows become other facts
FIRST, LAST = "begun", "finished"  # steps


class ImportRefused(Exception):
    """The log has other contents under the names of the import."""


class CatalogImport:
    """
    Brings one presentation into the catalog.

    The facts of a course name the row of the presentation: the rows of `vle.csv` have the ids of the units.

    Args:
        life: of the log; in another one, nothing is added, and LifeEnded is raised.

    Attributes:
        begun_at: head of the log when the import of the presentation began, None if it has not begun.
        finished: whether the log has all facts of the presentation.
        number: of the import that goes on with it.
        positions: type and position of each fact that was appended or found.
    """

    def __init__(self, log: PostgresLog, source: str, presentation: Presentation, life: str = "") -> None:
        self.presentation = presentation
        self.begun_at: int | None = None
        self.finished = False
        self.number = 1
        self.positions: set[tuple[str, int]] = set()
        self._log = log
        self._bus = Bus(log)
        self._source = source
        self._life = life
        self._fingerprint = f"{PLAN}:{digest(presentation)}"

    async def look(self) -> None:
        """
        Find out how far an earlier import is.

        Raises:
            ImportRefused: this presentation was imported from other rows, or its names are taken.
        """
        first = await self._log.first_answer(self._key(FIRST))
        if first is None:
            await self._must_be_free()
            return
        fingerprint, self.begun_at = first
        self.finished = await self._log.first_answer(self._key(LAST)) is not None
        plan, _, rows = fingerprint.partition(":")
        if rows != self._fingerprint.partition(":")[2]:
            raise ImportRefused(
                f"{self.presentation.run_id} was imported before, from other rows than these: "
                "import this file into a campus of its own (`campus up --data DIR`)"
            )
        if int(plan) != PLAN and not self.finished:
            raise ImportRefused(
                f"an earlier version of Campuslog has imported a part of {self.presentation.run_id}, as other facts "
                "than this version would: import the file into a campus of its own (`campus up --data DIR`)"
            )

    async def _must_be_free(self) -> None:
        names = self.presentation
        session = self._session()
        run = await session.read(Run, run_stream(names.run_id))
        if run.exists:
            raise ImportRefused(f"the campus has a run {names.run_id} that was not imported")
        course = await session.read(Course, course_stream(names.module))
        if course.exists and course.created_as[0] != course_title(names.module):
            raise ImportRefused(f"the campus has a course {names.module} that was not imported: {course.title}")
        for assessment in names.assessments:
            if (await session.read(Quiz, quiz_stream(assessment))).exists:
                raise ImportRefused(f"the campus has a quiz {assessment} that was not imported")

    async def begin(self, day: int) -> tuple[int, dict[str, Quiz]]:
        """Add course, run and quizzes, as of *day*; returns the course version, and the quizzes by assessment."""
        names = self.presentation
        await self._claim(FIRST)
        structure, parts = units(names), groups(names)
        await self._do("course.created", CreateCourse(names.module, course_title(names.module)), day)
        await self._do("course.version_published", PublishCourse(names.module, structure, groups=parts), day)
        course = await self._session().read(Course, course_stream(names.module))
        version = next(
            version
            for version, published in course.versions.items()
            if published == structure and course.groups[version] == parts
        )
        run = ScheduleRun(names.run_id, names.module, version, names.starts_at, names.ends_at)
        await self._do("run.scheduled", run, day)
        await self._do("run.opened", OpenRun(names.run_id), day)
        titles = assessment_titles(names)
        for number, assessment in names.assessments.items():
            quiz = PublishQuiz(number, names.run_id, number, titles[number], assessment.kind, pass_bp=PASS_BP)
            await self._do("quiz.published", quiz, day, number)
        session = self._session()
        return version, {number: await session.read(Quiz, quiz_stream(number)) for number in names.assessments}

    async def close_run(self) -> None:
        """Close enrollment, on the last day."""
        await self._do("run.closed", CloseRun(self.presentation.run_id), self.presentation.days)

    async def finish(self) -> None:
        """Note in the log that the import of the presentation is complete."""
        await self._claim(LAST)
        self.finished = True

    async def _do(self, fact: str, command: Any, day: int, of: str = "") -> None:
        """Carry out *command*, which appends one *fact* unless another presentation of the module has appended it."""
        position = await self._bus.handle(command, self._context(day, self._key(fact + of), self._row(of)))
        for last in await self._log.read(position - 1, 1):
            if last.type == fact:
                self.positions.add((fact, position))

    async def _claim(self, step: str) -> None:
        head = await self._log.head()
        await self._log.append(Append((), self._key(step), self._fingerprint, head, life=self._life))

    def _key(self, step: str) -> str:
        return f"{self._source}:{self.presentation.run_id}:{step}"

    def _row(self, assessment: str) -> str:
        lines = self.presentation.lines
        table = "assessments.csv" if assessment else "courses.csv"
        line = lines.assessments[assessment] if assessment else lines.course
        return f"{self.number}:{TABLES[table]}:{line}"

    def _context(self, day: int, key: str | None = None, row: str | None = None) -> Context:
        at = self.presentation.at(day)
        return Context(
            "import",
            at=at,
            source=self._source,
            importing=True,
            row=row,
            idempotency_key=key,
            fingerprint=self._fingerprint,
            life=self._life,
        )

    def _session(self) -> UnitOfWork:
        return UnitOfWork(self._log, AggregateCache(), self._context(0))
