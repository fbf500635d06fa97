"""
What analysts find: every view and every column, with its SQL and its meaning.

`{name}` in a view's source stands for the rows of that read model's table, as its readers see them, and `{now}` for
the present time; other tables are those of the campus's schema. Expressions keep names and types of columns whatever a
read model does, so that a view can be replaced while it is used.

Left out of every view: the keys of quizzes with their digests (which can be guessed back), the answers that learners
have given (full marks are a key), the words in which they say why they leave, and who has typed what in.
"""

from collections.abc import Sequence

from adapters.postgres.analytics.item_marks import ITEM_MARKS
from adapters.postgres.analytics.view import LEARNER_ID, RUN_ID, Column, View
from adapters.postgres.queries.ended import is_over, shown_status
from domain.codec import fields_of
from domain.registry import AGGREGATE_OF, AGGREGATES
from domain.registry import FACTS as TYPES

HIDDEN_FIELDS = (
    *("key", "old_key", "key_hash", "keys", "responses", "reason", "url"),
    *("response", "words", "rules", "seed", "change"),  # answers, and what would open an exam
    "device",  # it would join what a person does under several ids
    *("author_id", "decided_by"),  # whose post was reported, and who of the staff has decided
    *("statement", "query"),  # what analysts ask, and what they keep for themselves
)
"""Fields of facts that `facts.data` does not show."""


_CATEGORY = "split_part(stream_id, '-', 1)"
_IDS = "substr(stream_id, strpos(stream_id, '-') + 1)"
_HIDDEN = ",".join(HIDDEN_FIELDS)


def _id(name: str, *, or_field: bool = False) -> str:
    """
    The id of this name within the stream's id, as its aggregate declares.

    Args:
        or_field: of streams that have none, the field of this name of their facts.
    """
    whens = []
    for place in range(max(len(aggregate.ids) for aggregate in AGGREGATES)):
        having = [each.category for each in AGGREGATES if each.ids[place : place + 1] == (name,)]
        whens += [(having, f"split_part({_IDS}, ':', {place + 1})")] if having else []
    if or_field:
        having = [
            each.category
            for each in AGGREGATES
            if name not in each.ids
            and any(of is each and name in fields_of(TYPES[fact]) for fact, of in AGGREGATE_OF.items())
        ]
        whens.append((having, f"json_or_null(data) ->> '{name}'"))
    cases = (f"WHEN {_CATEGORY} IN ({_texts(categories)}) THEN {sql}" for categories, sql in whens)
    return f"CASE {' '.join(cases)} END"


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


FACTS = View(
    "facts",
    "Every fact of the log, once, in the order in which it was committed.",
    "events",
    (
        Column("position", "position", "Its place in the log, from 1, without gaps; filter by it to read what is new."),
        Column("recorded_at", "recorded_at", "When the log accepted it."),
        Column("occurred_at", "occurred_at", "When it happened; for imported history long before it was recorded."),
        Column("type", "type", "Its name, such as `enrollment.activated`: see docs/facts.md."),
        Column("schema_version", "schema_version", "The version of its type in which it is stored, and `data` is in."),
        Column("stream_id", "stream_id", "What it is about, such as `progress-7:AAA`; indexed, by beginning too."),
        Column("stream_version", "stream_version", "Its place among the facts of its stream, from 1."),
        Column("partition", "partition", "0 to 63, the same for all facts of a learner: one of them is a fair sample."),
        Column(
            "learner_id",
            _id("learner_id"),
            "The learner whose stream it is in: an opaque id; NULL for courses, runs, their seats, and quizzes.",
        ),
        Column(
            "run_id",
            _id("run_id", or_field=True),
            "The course run; NULL for facts about a course.",
        ),
        Column(
            "quiz_id",
            _id("quiz_id"),
            "The quiz, of facts about a quiz or an attempt; else NULL.",
        ),
        Column(
            "course_id",
            _id("course_id", or_field=True),
            "The course, of facts about a course, and of a run when it is scheduled; else NULL.",
        ),
        Column("source", "json_or_null(meta) ->> 'source'", "Where it came from: `api`, `seed`, `import:oulad`, …"),
        Column(
            "data",
            f"json_or_null(data) - '{{{_HIDDEN}}}'::text[]",
            f"Its own fields, without {', '.join(f'`{field}`' for field in HIDDEN_FIELDS)}.",
        ),
    ),
)

_SHOWN = {column.name: column for column in FACTS.columns}

IRREGULAR_FACTS = View(
    "irregular_facts",
    "A fact of imported history that breaks a rule of today; it was recorded, not refused.",
    # The bytes are looked at first: few facts have the field, and only those are decoded.
    """(SELECT * FROM events WHERE position('"irregular"'::bytea IN data) > 0) AS events"""
    " WHERE json_or_null(data) ->> 'irregular' IS NOT NULL",
    (
        _SHOWN["position"],
        Column("irregular", "json_or_null(data) ->> 'irregular'", "The rule, such as `after_unregistration`."),
        *(_SHOWN[name] for name in ("type", "occurred_at", "learner_id", "run_id", "quiz_id", "source", "data")),
    ),
)

COURSES = View(
    "courses",
    "A course.",
    "{catalog_courses}",
    (
        Column("course_id", "course_id::text", "The course."),
        Column("title", "title::text", "Its title."),
        Column("language", "language::text", "The language that it is given in."),
        Column("versions", "versions::bigint", "How many versions of its structure were published."),
        Column("created_at", "created_at::timestamptz", "When it was put into the catalog."),
    ),
    ("catalog_courses",),
)

UNITS = View(
    "units",
    "A unit of one published version of a course: a thing to open, do or hand in.",
    "{catalog_structures} CROSS JOIN LATERAL jsonb_array_elements(units) WITH ORDINALITY AS u (unit, number)",
    (
        Column("course_id", "course_id::text", "The course."),
        Column("version", "version::bigint", "The version of its structure, as in `runs.course_version`."),
        Column("number", "number::bigint", "Its place in the course, from 1."),
        Column("unit_id", "unit ->> 'unit_id'", "The unit."),
        Column("kind", "unit ->> 'kind'", "What it is, such as `video`, `quiz`, `tma`, `exam`."),
        Column("title", "unit ->> 'title'", "Its title."),
        Column("weight_bp", "coalesce((unit ->> 'weight')::bigint, 0)", "Its share of the course, in basis points."),
    ),
    ("catalog_structures",),
)

RUNS = View(
    "runs",
    "A run of a course.",
    "{catalog_runs} LEFT JOIN (SELECT course_id, title AS course_title FROM {catalog_courses}) AS course"
    " USING (course_id)",
    (
        RUN_ID,
        Column("course_id", "course_id::text", "The course that is given."),
        Column("course_version", "course_version::bigint", "By which version of its structure."),
        Column("title", "course_title::text", "The course's title."),
        Column("starts_at", "starts_at::timestamptz", "When it begins."),
        Column("ends_at", "ends_at::timestamptz", "When it ends."),
        Column("capacity", "capacity::bigint", "How many seats it has; NULL where there is no limit."),
        Column("pacing", "pacing::text", "Who sets the pace, such as `instructor` or `self`."),
        Column("status", "status::text", "`scheduled`, `open` or `closed`."),
    ),
    ("catalog_runs", "catalog_courses"),
)

ASSESSMENTS = View(
    "assessments",
    "Something to hand in or to sit: a quiz, an essay, an exam.",
    "{catalog_quizzes}",
    (
        Column("quiz_id", "quiz_id::text", "The assessment."),
        RUN_ID,
        Column("unit_id", "unit_id::text", "The unit in which it stands."),
        Column("kind", "kind::text", "`quiz`, `tma` (marked by a tutor), `cma` (by computer) or `exam`."),
        Column("title", "title::text", "Its title."),
        Column("due_at", "due_at::timestamptz", "The deadline; NULL where there is none."),
        Column("questions", "jsonb_array_length(items)::bigint", "How many questions it has; 0 where people mark it."),
        Column("attempts_allowed", "attempts_allowed::bigint", "How often it may be tried."),
        Column("time_limit_seconds", "time_limit::bigint", "Seconds for an attempt; NULL where there is no limit."),
        Column("pass_bp", "pass_bp::bigint", "The score from which it is passed, in basis points."),
    ),
    ("catalog_quizzes",),
)

ENROLLMENTS = View(
    "enrollments",
    "A learner on a course run, as things stand now.",
    f"{{course_enrollments}} LEFT JOIN (SELECT run_id, {is_over('ends_at', '{now}')} AS is_over FROM {{catalog_runs}})"
    " AS run USING (run_id)",
    (
        RUN_ID,
        LEARNER_ID,
        Column(
            "status",
            f"({shown_status('is_over')})::text",
            "`requested`, `waitlisted`, `offered`, `active`, `withdrawn`, `expired`, `completed`, `suspended`, or"
            " `none`; `ended` in place of the first four where the run is over.",
        ),
        Column("activated", "activated::boolean", "Whether there has been a place, whatever came later."),
        Column("submitted", "submitted::boolean", "Whether anything was handed in."),
        Column("units_completed", "jsonb_array_length(completed)::bigint", "How many units are completed."),
        Column("percent_bp", "percent::bigint", "How much of the course is completed, by weight, in basis points."),
        Column("grade_bp", "grade_bp::bigint", "The final grade, in basis points: what was not handed in counts as 0."),
        Column("outcome", "outcome::text", "`pass`, `distinction`, `fail` or `withdrawn`; NULL if not decided."),
        Column("active_weeks", "jsonb_array_length(weeks)::bigint", "In how many weeks there was any activity."),
        Column(
            "grade_so_far_bp",
            "grade_so_far_bp::bigint",
            "The grade over what is scored or was due before the learner's latest fact, in basis points.",
        ),
    ),
    ("course_enrollments", "catalog_runs"),
)

LEARNER_WEEKS = View(
    "learner_weeks",
    "A week in which a learner was active on a course run.",
    "{course_enrollments} CROSS JOIN LATERAL jsonb_array_elements_text(weeks) AS w (monday)",
    (
        RUN_ID,
        LEARNER_ID,
        Column("week", "date '0001-01-01' + (monday::integer - 1)", "The Monday on which it began (UTC)."),
    ),
    ("course_enrollments",),
)

ENROLLMENT_DAYS = View(
    "enrollment_days",
    "By how many the enrollments of a run in each status grew on a day; add up the days for a level. An offered seat"
    " counts as waitlisted, an expired offer and a suspended enrollment as withdrawn.",
    "{course_days}",
    (
        RUN_ID,
        Column("day", "day::date", "The day (UTC)."),
        *(
            Column(status, f"{status}::bigint", f"Growth of those that are `{status}`; negative where they shrank.")
            for status in ("requested", "waitlisted", "active", "withdrawn", "completed")
        ),
    ),
    ("course_days",),
)

ACTIVITY_WEEKS = View(
    "activity_weeks",
    "What was done on a course run in a week.",
    "{course_weeks}",
    (
        RUN_ID,
        Column("week", "week::date", "The Monday on which it began (UTC)."),
        Column("activities", '"rows"::bigint', "Records of activity."),
        Column("amount", "amount::bigint", "Their amounts added up: clicks, where clicks were recorded."),
        Column("learners", "learners::bigint", "Learners with any activity; each counts once."),
    ),
    ("course_weeks",),
)

GRADES = View(
    "grades",
    "A learner in an assessment that was handed in at least once.",
    "{gradebook}",
    (
        RUN_ID,
        Column("quiz_id", "quiz_id::text", "The assessment."),
        LEARNER_ID,
        Column("unit_id", "unit_id::text", "The unit in which it stands."),
        Column("attempts", "attempts::bigint", "How many attempts were handed in."),
        Column("graded", "graded::bigint", "How many of them have a score."),
        Column("best_bp", "best_bp::bigint", "The score that counts, in basis points; the highest or by rule."),
        Column("last_bp", "last_bp::bigint", "The score of the latest graded attempt, in basis points."),
        Column("passed", "passed::boolean", "Whether the attempt that counts has passed."),
        Column("banked", "banked::boolean", "Whether its result was taken over from an earlier run."),
        Column("submitted_at", "submitted_at::timestamptz", "When it was handed in."),
        Column("late_seconds", "late_by::bigint", "How long after the deadline that was; 0 if in time."),
        Column(
            "attempt_no",
            "counts_no::bigint",
            "The attempt that counts, from 1, by the rule of the quiz; the latest as long as none is graded.",
        ),
        Column(
            "irregular",
            # By the index of streams, and only where the column is asked for.
            "(SELECT json_or_null(e.data) ->> 'irregular' FROM events AS e WHERE e.type = 'attempt.submitted'"
            " AND e.stream_id = 'attempt-' || learner_id || ':' || quiz_id || ':' || counts_no LIMIT 1)",
            "The rule of today that it breaks, as in `irregular_facts`; NULL for nearly all.",
        ),
    ),
    ("gradebook",),
)

OUTCOMES = View(
    "outcomes",
    "How many learners of a course run have an outcome.",
    "{course_enrollments} WHERE status <> 'none' GROUP BY run_id, outcome",
    (
        RUN_ID,
        Column("outcome", "outcome::text", "`pass`, `distinction`, `fail` or `withdrawn`; NULL if not decided."),
        Column("learners", "count(*)::bigint", "How many."),
        Column(
            "average_grade_bp",
            "round(avg(grade_bp))::bigint",
            "The mean of their final grades in basis points, each of them rounded.",
        ),
    ),
    ("course_enrollments",),
)

RUN_COUNTS = View(
    "run_counts",
    "What is counted of a course run.",
    "{overview} WHERE run_id <> '*'",  # a row that version 1 of the read model has
    (
        RUN_ID,
        Column("source", "source::text", "Where the run came from, as in `facts.source`."),
        Column("people", "people::bigint", "Learners with any registration; each counts once."),
        Column("registrations", "registrations::bigint", "Enrollments that were asked for."),
        Column("withdrawals", "withdrawals::bigint", "Withdrawals: who comes back and leaves again counts twice."),
        Column(
            "without_registration_date", "without_registration_date::bigint", "Registrations whose day is not known."
        ),
        Column("outcomes", "outcomes::jsonb", "Number of enrollments by outcome."),
        Column("submissions", "submissions::bigint", "Attempts that were handed in."),
        Column("banked", "banked::bigint", "Those taken over from an earlier run."),
        Column("graded", "graded::bigint", "Those with a score."),
        Column("activities", "activity_rows::bigint", "Records of activity."),
        Column("activity_amount", "activity_amount::bigint", "Their amounts added up."),
        Column("active_people", "active_people::bigint", "Learners with any activity; each counts once."),
        Column("irregular", "irregular::jsonb", "Number of facts that break a rule of today, by its code."),
    ),
    ("overview",),
)

READ_MODELS = View(
    "read_models",
    "A read model, which all views but `facts` are made of: what is served, and how fresh it is.",
    "projections AS p CROSS JOIN LATERAL (SELECT min(position) AS position, max(updated_at) AS updated_at"
    " FROM segments WHERE projection = p.name AND generation = p.generation) AS s"
    " CROSS JOIN log_head AS head WHERE p.status = 'live'",
    (
        Column("name", "p.name", "The read model."),
        Column("generation", "p.generation", "Which generation of it is served, from 1."),
        Column("version", "p.version", "The version of the code that makes it."),
        Column("position", "s.position", "It is true for this position of the log."),
        Column("behind", "head.position - s.position", "Its lag: how many facts the log has after this position."),
        Column(
            "true_at",
            "(SELECT e.recorded_at FROM events AS e WHERE e.position = s.position)",
            "When the last fact that it holds was recorded; NULL if it holds none.",
        ),
        Column("updated_at", "s.updated_at", "When its position was last written down."),
        Column(
            "parked_keys",
            "(SELECT count(*) FROM parked WHERE parked.projection = p.name AND parked.generation = p.generation)",
            "Learners or streams whose facts wait because of an error: what they show is old.",
        ),
    ),
)

VIEWS = (
    FACTS,
    IRREGULAR_FACTS,
    COURSES,
    UNITS,
    RUNS,
    ASSESSMENTS,
    ENROLLMENTS,
    LEARNER_WEEKS,
    ENROLLMENT_DAYS,
    ACTIVITY_WEEKS,
    GRADES,
    ITEM_MARKS,
    OUTCOMES,
    RUN_COUNTS,
    READ_MODELS,
)
