"""What is ahead of a learner on one run: when units are due, with extensions, and where to go on."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from domain.deadlines import UTC_ZONE, accepted_until, with_more_time
from domain.grading import Scheme
from domain.progress.completion import units_before
from projections.learner_dashboard.rows import Course, Deadline, Later, NextUnit, RunRef

MOST_LATER = 10  # entries, of which one is passed with each deadline
NEVER = datetime.max.replace(tzinfo=UTC)
WITHOUT_DEADLINE = (False, NEVER)


def due_for(course: Course, run: RunRef) -> dict[str, datetime]:
    """When the units of a run are due for the learner of an entry: for all, from the place or cohort, and extended."""
    due = dict(run.due)
    begins_at = course.placed_at if course.cohort_begins_at is msgspec.UNSET else course.cohort_begins_at
    if run.own_due is not None and begins_at is not msgspec.UNSET:
        due = {**run.own_due.due(begins_at), **due}  # a quiz may have a deadline for all
    extensions = {} if course.extensions is msgspec.UNSET else course.extensions
    return with_more_time(due, {each: at for each, at in extensions.items() if each in run.titles})


def set_deadlines(course: Course, run: RunRef) -> None:
    """Let the deadlines of an entry be those of now, the earliest first; what was done stays so."""
    done = {each.unit_id for each in course.deadlines if each.done}.union(course.completed, course.scores)
    found = [
        Deadline(unit_id, run.titles[unit_id], at, unit_id in done) for unit_id, at in due_for(course, run).items()
    ]
    course.deadlines = sorted(found, key=lambda deadline: deadline.due_at)


def scheme_for(course: Course, run: RunRef) -> Scheme:
    """What units count, with the deadlines of the learner: a unit with more time was not due so far."""
    if course.extensions is msgspec.UNSET and run.own_due is None:
        return run.scheme
    due = {unit_id: at for unit_id, at in due_for(course, run).items() if unit_id in run.scheme.weights}
    return msgspec.structs.replace(run.scheme, due=due)


def set_next_without(unit_id: str, course: Course, run: RunRef) -> None:
    """The same as `set_next` where nothing has changed but that a unit was handed in or completed."""
    known = course.next_unit
    if known is None or known.unit_id == unit_id or run.moved or run.after or run.late or run.quiz_late:
        set_next(course, run)


def set_next(course: Course, run: RunRef) -> None:
    """
    Let an entry say where to go on, and where after the moments from which work is not accepted any more.

    The first of `_candidates`, or what has to be completed before it. A unit that was missed is passed over, and so is
    what comes after it. Rows have the moments and no clock; who answers picks by the clock (adapters/shown_dashboard).
    """
    course.next_unit, course.next_later = None, msgspec.UNSET
    if course.outcome is not None:
        return
    if not run.late and not run.quiz_late:  # nothing is passed over: the first is enough, and rebuilds come here most
        first = _first(course, run)
        course.next_unit = None if first is None else _named(first, course, run)
        return
    candidates = _candidates(course, run)
    if candidates:
        course.next_unit = _named(candidates[0], course, run)
        course.next_later = _later(candidates, course, run) or msgspec.UNSET


def _first(course: Course, run: RunRef) -> str | None:
    """The first of `_candidates`, without putting the others in order."""
    if not run.scheme.graded:
        new = _never_opened(course, run)
        return _due_first(course, run) if new is None else new
    found = _due_first(course, run)
    return _never_opened(course, run) if found is None else found


def _due_first(course: Course, run: RunRef) -> str | None:
    """The first of the units that count and are not completed."""
    weights, completed = run.scheme.weights, course.completed
    open_ones = (
        each
        for each in course.deadlines  # the earliest first
        if not each.done and each.unit_id in weights and each.unit_id not in completed
    )
    first = next(open_ones, None)
    if first is not None and ((second := next(open_ones, None)) is None or first.due_at < second.due_at):
        return first.unit_id
    due = {each.unit_id: (each.done, each.due_at) for each in course.deadlines}
    left = (unit_id for unit_id in weights if unit_id not in completed)
    return min(left, key=lambda unit_id: due.get(unit_id, WITHOUT_DEADLINE), default=None)


def _never_opened(course: Course, run: RunRef) -> str | None:
    """The first unit that was never opened."""
    opened, completed, unrecorded = course.opened, course.completed, run.unrecorded
    for unit_id in run.titles:
        if unit_id not in opened and unit_id not in completed and unit_id not in unrecorded:
            return unit_id
    return None


def _candidates(course: Course, run: RunRef) -> list[str]:
    """
    Units to go on with, the best first.

    Of the units that count and are not completed, first those for which nothing was handed in, then what is due first,
    then the order of the course; after these, and if all that counts is completed, units that were never opened.
    """
    due = {each.unit_id: each for each in course.deadlines}
    counts = [unit_id for unit_id in run.scheme.weights if unit_id not in course.completed]
    counts.sort(key=lambda unit_id: (due[unit_id].done, due[unit_id].due_at) if unit_id in due else (False, NEVER))
    seen = {*course.opened, *course.completed, *run.unrecorded}
    new = [unit_id for unit_id in run.titles if unit_id not in seen]
    first, then = (counts, new) if run.scheme.graded else (new, counts)
    return list(dict.fromkeys((*first, *then)))


def _later(candidates: list[str], course: Course, run: RunRef) -> list[Later]:
    """Where to go on as time passes: the first candidate of which work is accepted still."""
    zone, ends = run.plan.get("time_zone") or UTC_ZONE, {}
    for each in course.deadlines:
        policy = run.quiz_late.get(each.unit_id) or run.late.get(each.unit_id)
        end = None if each.done else accepted_until(each.due_at, policy, zone)
        if end is not None:
            ends[each.unit_id] = end
    later: list[Later] = []
    left = [(unit_id, _end(unit_id, ends, course, run)) for unit_id in candidates]
    while left and left[0][1] < NEVER and len(later) < MOST_LATER:
        after = left[0][1]
        left = [(unit_id, end) for unit_id, end in left if end > after]
        later.append(Later(after, _named(left[0][0], course, run) if left else None))
    return later


def _end(unit_id: str, ends: Mapping[str, datetime], course: Course, run: RunRef) -> datetime:
    """Until when something can be done on a unit: as long as what keeps it locked is accepted, and it is."""
    end, waits, seen = NEVER, [unit_id], {unit_id}
    while waits:
        each = waits.pop()
        end = min(end, ends.get(each, NEVER))
        before = set(units_before(each, run.after.get(each, ()), course.completed)) - seen
        seen |= before
        waits.extend(before)
    return end


def _named(unit_id: str, course: Course, run: RunRef) -> NextUnit:
    """The unit itself if it is open, else the first that has to be completed before it."""
    while before := units_before(unit_id, run.after.get(unit_id, ()), course.completed):
        unit_id = before[0]
    return NextUnit(unit_id, run.titles[unit_id])
