"""What the catalog refuses, and why."""

from domain.errors import Conflict, NotFound, Rejected


class CourseNotFound(NotFound):
    """No such course."""

    code = "course_not_found"
    template = "there is no course {course_id}"
    lifted_by = "course-{course_id}"


class VersionNotFound(CourseNotFound):
    """The course has no such version."""

    template = "course {course_id} has no version {version}"


class DraftNotFound(NotFound):
    """The course has no draft."""

    code = "draft_not_found"
    template = "course {course_id} has no draft: start one"


class RunNotFound(NotFound):
    """No such course run."""

    code = "run_not_found"
    template = "there is no course run {run_id}"
    lifted_by = "run-{run_id}"


class ContentNotFound(NotFound):
    """A unit has no such content, or a course does not use content of this hash."""

    code = "content_not_found"
    template = "there is no such content here"


class CourseExists(Conflict):
    """Another course has this id."""

    code = "course_exists"
    template = "course {course_id} exists with another title or text"


class CourseChanged(Conflict):
    """Another editor has described the course otherwise since it was read."""

    code = "course_changed"
    template = "another editor has changed what course {course_id} says of itself: read it again"


class RunExists(Conflict):
    """Another run has this id."""

    code = "run_exists"
    template = "run {run_id} exists with another plan"


class DraftChanged(Conflict):
    """Another editor has changed the draft since it was read."""

    code = "draft_changed"
    template = "the draft of course {course_id} is at revision {revision}, not {expected}: read it again"


class DraftBehind(Conflict):
    """A version was published that the draft does not come from, and would be undone by it."""

    code = "draft_behind"
    template = (
        "the draft of course {course_id} comes from version {base_version}, and version {version} was published since:"
        " start it again from that, or publish it over version {version}"
    )


class BadStructure(Rejected):
    """The parts of a course contradict each other."""

    code = "bad_structure"


class PrerequisiteCircle(BadStructure):
    """A course would have to be passed before itself."""

    code = "prerequisite_circle"

    template = (
        "course {course_id} asks for {asked}, which cannot be passed before it: that asks for {course_id} in turn"
    )


class BadSchedule(Rejected):
    """A run ends before it starts, has too few seats or hours, or follows a version that the course lacks."""

    code = "bad_schedule"


class NotUploaded(BadStructure):
    """A unit names content that was never uploaded."""

    code = "content_not_uploaded"
    template = "content {sha256} of unit {unit_id} is not uploaded: POST it to /v1/courses/COURSE/contents first"


class OtherSize(BadStructure):
    """A unit says another size of its content than it has."""

    code = "content_of_other_size"
    template = "the content of unit {unit_id} has {size} bytes"
