"""What can be wrong with a report, a decision about a post, or an appeal against one."""

from domain.errors import Conflict, Forbidden, NotFound, Rejected


class AlreadyReported(Conflict):
    """A person reports a post once; what was decided about it is not reported by the same person again."""

    code = "already_reported"
    template = "you have reported post {post_no} of thread {thread_id} before, and it was decided about"


class ReportNotFound(NotFound):
    """The person has not reported the post."""

    code = "report_not_found"
    template = "you have not reported post {post_no} of thread {thread_id}"


class ReportDecided(Conflict):
    """What was decided about is not taken back."""

    code = "report_decided"
    template = "your report of post {post_no} of thread {thread_id} was decided about"


class CaseNotFound(NotFound):
    """The post has no such case."""

    code = "case_not_found"
    template = "post {post_no} of thread {thread_id} has no case {case_no} that waits"


class CaseClosed(Conflict):
    """A case is decided once."""

    code = "case_closed"
    template = "case {case_no} of post {post_no} of thread {thread_id} is decided: {decision}"


class GroundNeeded(Rejected):
    """What is decided against a post has a ground, and a dismissal has none."""

    code = "ground_needed"
    template = "a decision against a post says why, and a dismissal has no ground and no words to the author"


class NothingToContest(Conflict):
    """Only a decision against a post is appealed against."""

    code = "nothing_to_contest"
    template = "case {case_no} of post {post_no} of thread {thread_id} has no decision against the post"


class DecisionNotFound(NotFound):
    """No such decision was made about a post of this person."""

    code = "decision_not_found"
    template = "no decision {case_no} was made about a post {post_no} of yours in thread {thread_id}"


class AppealedBefore(Conflict):
    """An author appeals once against a decision."""

    code = "appealed_before"
    template = "you have appealed against decision {case_no} about post {post_no} of thread {thread_id} before"


class NoAppeal(NotFound):
    """The author has not appealed against the decision."""

    code = "no_appeal"
    template = "no one has appealed in case {case_no} of post {post_no} of thread {thread_id}"


class AppealDecided(Conflict):
    """An appeal is decided once."""

    code = "appeal_decided"
    template = "the appeal in case {case_no} of post {post_no} of thread {thread_id} is decided"


class DecidedByYou(Forbidden):
    """An appeal is decided by another one of the staff than the decision, where the run has one."""

    code = "decided_by_you"
    template = (
        "you have decided case {case_no} of post {post_no} of thread {thread_id}: others of the staff decide the appeal"
    )


class BadWords(Rejected):
    """Words that are too long, or none where some are needed."""

    code = "bad_words"
    template = "words have at most {most} characters, and an appeal needs some"
