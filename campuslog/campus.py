"""
`Campus`: where an analyst begins.
"""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import polars as pl

from adapters.postgres.analytics import Parameters
from adapters.settings import Settings
from campuslog.checked_handlers import watch
from campuslog.definition import load_projection, prepared
from campuslog.errors import BadTime, NotThere
from campuslog.events import Events, matching
from campuslog.export import ExportSource
from campuslog.pages import HappenedBy
from campuslog.parked_keys import settle
from campuslog.parquet_sink import ParquetSink
from campuslog.positions import Moment, bound, instant, worded
from campuslog.rebuild import Cut, Rebuilt, folded, result_of, target_of
from campuslog.source import LiveSource, Selection, Source
from campuslog.sql import MOST_ROWS, PATIENCE, ask
from campuslog.sync import run
from campuslog.validation import directory_of, learner_id
from campuslog.views import Views
from campuslog.what_if import Trial, served, try_out
from projections.engine.projection import Projection


class Campus:
    """
    A campus to look at: its facts, its read models, and one's own projections over its log.

    Nothing here changes a campus: its connections are read-only. No method needs `await`, and all work inside Jupyter
    and marimo.

    Args:
        data: the data directory of a running campus; left out, it is found as the `campus` command finds it: by
            `CAMPUS_…` variables, else in `.campus`.
        progress: whether a bar shows how far a long question has come.

    Raises:
        BadArgument: *data* is no directory.
        SettingsError: no campus is running there.
    """

    def __init__(self, data: str | Path | None = None, *, progress: bool = True) -> None:
        settings = Settings.load(None if data is None else directory_of(data, "data"))
        self._source: Source = LiveSource(settings)
        self._settings: Settings | None = settings
        self._views: Views | None = Views(settings)
        self._name = settings.name
        self._progress = progress

    @staticmethod
    def from_export(directory: str | Path, *, progress: bool = True) -> "Campus":
        """
        The campus as `campus log export` has written it: facts, which can be folded, but no read models.

        Raises:
            BadArgument: *directory* is none.
            ExportError: there is no export in it.
        """
        return _Exported(directory_of(directory, "directory"), progress=progress)

    def __repr__(self) -> str:
        """Which campus, and how long its log is."""
        return f"<Campus {self._name}: {self.head:,} facts>"

    @property
    def head(self) -> int:
        """The position of the newest fact; positions begin with 1 and have no gaps."""
        return run(self._source.head())

    def position_at(self, time: datetime | date | str) -> int:
        """
        The position of the last fact that was recorded by *time* (`recorded_at`): what the log knew then.

        A day counts as a whole, as it does for `until` and `as_of`.

        Everywhere else a time means when something happened (`occurred_at`): `as_of="2014-03-01"` folds what had
        happened by the end of that day, `as_of=campus.position_at("2014-03-01")` what was recorded by then.

        Raises:
            BadTime: a time without a zone, or no time at all.
        """
        return run(self._source.position_at(instant(time, "time")))

    def events(
        self,
        types: str | Iterable[str] | None = None,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        learner: str | None = None,
    ) -> Events:
        """
        Facts in the order of the log; all that is given has to be true of them.

        Args:
            types: a name such as `attempt.graded`, or several; `enrollment.*` stands for all that begin like that.
            since: a position, after which to begin; or a time, at or after which the facts happened, such as
                `"2014-03-01"` (the whole day, UTC) or `"2014-03-01T09:00:00Z"`.
            until: a position, the last to be read; or a time, by which the facts happened: a day counts as a whole.
            learner: whom they concern.

        Raises:
            UnknownType: no fact is called so.
            BadTime: a time without a zone, or a position that there cannot be.
            BadArgument: *types* are no names, or none at all; *learner* cannot be an id.
        """
        first, last = bound(since, "since"), bound(until, "until", end=True)
        whose = learner_id(learner)
        selection = Selection(
            first.position or 0, last.position, matching(types), whose, since=first.time, by=last.time
        )
        return Events(self._source, selection, progress=self._progress)

    @property
    def views(self) -> Views:
        """
        The views of SQL and the read models' own tables, as they are served: `campus.views.grades(run_id="AAA-2013J")`.

        Raises:
            NotThere: this is an export.
        """
        if self._views is None:
            raise NotThere("an export holds facts, and no read models: fold them with campus.rebuild(…)")
        return self._views

    def sql(
        self, query: str, parameters: Parameters | None = None, *, limit: int = MOST_ROWS, timeout: float = PATIENCE
    ) -> pl.DataFrame:
        """
        The answer to a question in SQL, asked by the role of analysts: see docs/analytics.md for the views.

        Args:
            query: one statement. With *parameters*, `%s` or `%(name)s` stand for them, and `%%` for a percent sign.
            limit: how many rows the answer may have.
            timeout: seconds that PostgreSQL may take.

        Raises:
            BadQuery: PostgreSQL refuses the statement or gives it up, or there are more rows.
            BadArgument: *query* is no text, or *limit* or *timeout* no such number.
            NotThere: this is an export, or the campus has no role for analysts.
        """
        if self._settings is None:
            raise NotThere("an export has no SQL server: ask DuckDB, see docs/howto/export.md")
        return ask(self._settings, query, parameters, limit=limit, timeout=timeout)

    def rebuild(
        self,
        projection: str | Path | type[Projection] | Projection,
        *,
        as_of: Moment | None = None,
        sink: str | Path | None = None,
        strict: bool = True,
    ) -> Rebuilt:
        """
        Fold the log into the tables of a projection, by the code that rebuilds read models, here and now.

        Args:
            projection: a Python file with one class that inherits from `campuslog.Projection`, or the class.
            as_of: a position, the last to be folded; or a time: only facts that had happened by then; a day, such as
                `"2014-03-01"`, counts as a whole. `events(until=…)` are the same facts.
            sink: a directory, for a Parquet file of each table.
            strict: whether a key at which the projection fails is an error; else its rows are left out, with a warning.

        Raises:
            BadProjection: the class is wrong; the message says where.
            KeysParked: it fails at a fact, and *strict*; nothing is written.
            BadTime: a time without a zone, or a position that the log has not reached.
            NotWritten: nothing can be written to *sink*.
        """
        loaded = load_projection(projection) if isinstance(projection, str | Path) else projection
        cut, runnable = self._cut(as_of), watch(prepared(loaded))
        target = target_of(runnable, cut)
        if sink is not None:
            ParquetSink(sink).check(table.name for table in runnable.tables)
        with folded(cut.source, [target], progress=self._progress) as fold:
            result = result_of(fold, target, cut)
        settle(result, strict=strict)
        if sink is not None:
            result.write(sink)
        return result

    def try_out(
        self,
        rule: str | Path | type[Projection] | Projection,
        compare_with: str,
        *,
        as_of: Moment | None = None,
        strict: bool = True,
    ) -> Trial:
        """
        What if *rule* were the read model *compare_with*? Both are folded here over the same facts and compared.

        Args:
            rule: a Python file with one projection, or the class.
            compare_with: the name of a read model, such as `course_dashboard`; its tables are matched by name.
            as_of, strict: as for `rebuild`.

        Raises:
            BadProjection: the rule is wrong, or no read model is called so.
            KeysParked: the rule fails at a fact, and *strict*.
            BadTime: a time without a zone, or a position that the log has not reached.
        """
        loaded = load_projection(rule) if isinstance(rule, str | Path) else rule
        runnable, other = watch(prepared(loaded)), served(compare_with)
        trial = try_out(runnable, other, self._cut(as_of), progress=self._progress)
        try:
            settle(trial.result, strict=strict)
        except BaseException:
            trial.close()
            raise
        return trial

    def _cut(self, as_of: Moment | None) -> Cut:
        last, head = bound(as_of, "as_of", end=True), self.head
        if last.position is not None and last.position > head:
            raise BadTime(f"as_of={last.position} has not been reached: the head of the log is position {head}")
        facts = self._source.for_fold if last.time is None else HappenedBy(self._source.for_fold, last.time)
        return Cut(facts, head if last.position is None else last.position, "" if last.time is None else worded(as_of))


class _Exported(Campus):
    """A campus that consists of an exported log only."""

    def __init__(self, directory: Path, *, progress: bool) -> None:
        source = ExportSource(directory)
        self._source, self._name, self._progress = source, source.name, progress
        self._settings, self._views = None, None
