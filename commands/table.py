"""The whole write side on one screen: every command and its use case."""

from collections.abc import Awaitable, Callable
from typing import Any

from commands import catalog, enrollment, progress, quiz
from commands.log import Log, Position

CommandHandler = Callable[[Any, Log], Awaitable[Position]]

HANDLERS: dict[type, CommandHandler] = {
    catalog.CreateCourse: catalog.create_course,
    catalog.PublishCourse: catalog.publish_course,
    catalog.ScheduleRun: catalog.schedule_run,
    catalog.OpenRun: catalog.open_run,
    catalog.CloseRun: catalog.close_run,
    enrollment.RequestEnrollment: enrollment.request_enrollment,
    enrollment.WithdrawEnrollment: enrollment.withdraw_enrollment,
    enrollment.ReactivateEnrollment: enrollment.reactivate_enrollment,
    enrollment.CompleteEnrollment: enrollment.complete_enrollment,
    enrollment.FollowOutcome: enrollment.follow_outcome,
    enrollment.OfferSeat: enrollment.offer_seat,
    enrollment.AcceptSeat: enrollment.accept_seat,
    enrollment.ExpireSeatOffer: enrollment.expire_seat_offer,
    progress.OpenUnit: progress.open_unit,
    progress.RecordActivity: progress.record_activity,
    progress.CompleteUnit: progress.complete_unit,
    progress.DecideOutcome: progress.decide_outcome,
    quiz.PublishQuiz: quiz.publish_quiz,
    quiz.SubmitAttempt: quiz.submit_attempt,
    quiz.GradeAttempt: quiz.grade_attempt,
    quiz.OverrideGrade: quiz.override_grade,
}
