"""Bulk jobs: from a dry run to the end, once."""

from domain.admin.bulk_jobs import BulkJob, BulkJobEnded, BulkJobNotFound, BulkKind, NotUndone, digest_of
from tests.support.given import fact, given

PREPARED = fact(BulkJob.Prepared, kind="enroll", lines=2, digest="d", undoes=None)
STARTED, STOPPED = fact(BulkJob.Started, reason="class"), fact(BulkJob.Stopped)
FINISHED = fact(BulkJob.Finished, done=1, unchanged=0, refused=1)
JOB = "5f1c5f1c"


def test_a_job_is_prepared_started_and_finished_once() -> None:
    """What is said twice changes nothing."""
    given(BulkJob).when(lambda job: job.prepare(BulkKind.ENROLL, 2, "d", None)).then(PREPARED)
    given(BulkJob, PREPARED).when(lambda job: job.start("class")).then(STARTED)
    given(BulkJob, PREPARED, STARTED).when(lambda job: job.start("again")).then()
    given(BulkJob, PREPARED, STARTED).when(lambda job: job.finish(1, 0, 1)).then(FINISHED)
    given(BulkJob, PREPARED, STARTED, FINISHED).when(lambda job: job.finish(2, 0, 0)).then()
    given(BulkJob, PREPARED, STARTED, FINISHED).when(BulkJob.stop).then()


def test_a_job_is_stopped() -> None:
    """Then it does not finish, and is not started again."""
    given(BulkJob, PREPARED, STARTED).when(BulkJob.stop).then(STOPPED)
    given(BulkJob, PREPARED, STARTED, STOPPED).when(lambda job: job.finish(1, 0, 1)).then()
    given(BulkJob, PREPARED, STARTED, STOPPED).when(lambda job: job.start("x")).refused(
        BulkJobEnded, job_id=JOB, status="stopped"
    )
    given(BulkJob).when(lambda job: job.start("x")).refused(BulkJobNotFound, job_id=JOB)
    given(BulkJob).when(BulkJob.stop).refused(BulkJobNotFound, job_id=JOB)


def test_what_undoes_a_job() -> None:
    """Only one that has ended, and that a command undoes."""
    given(BulkJob, PREPARED, STARTED, FINISHED).when(BulkJob.undone_by).then(answer=BulkKind.WITHDRAW)
    given(BulkJob, PREPARED, STARTED, STOPPED).when(BulkJob.undone_by).then(answer=BulkKind.WITHDRAW)
    given(BulkJob, PREPARED, STARTED).when(BulkJob.undone_by).refused(
        NotUndone, job_id=JOB, kind="enroll", status="running"
    )
    refund = fact(BulkJob.Prepared, kind="refund", lines=2, digest="d", undoes=None)
    given(BulkJob, refund, STARTED, FINISHED).when(BulkJob.undone_by).refused(
        NotUndone, job_id=JOB, kind="refund", status="finished"
    )


def test_a_digest_is_of_numbers_and_fields() -> None:
    """Not of the order of the columns."""
    digest = digest_of([(1, {"a": "1", "b": "2"})])
    assert digest == digest_of([(1, {"b": "2", "a": "1"})])
    assert digest not in (digest_of([(2, {"a": "1", "b": "2"})]), digest_of([(1, {"a": "1"})]), digest_of([]))
