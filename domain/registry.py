"""Every aggregate, by the category of its streams, and every fact, by the name under which it is stored."""

from domain.admin import (
    BreakGlass,
    FailedJob,
    FailedReaction,
    Import,
    NamesOfRun,
    ReadModel,
    Record,
    SignedTrees,
)
from domain.admin.analysis import Analysis, SavedQuery
from domain.admin.announcements import Announcement
from domain.admin.bulk_jobs import BulkJob
from domain.admin.settings import CampusSettings
from domain.admin.webhooks import Webhook
from domain.aggregate import Aggregate
from domain.auth import Credentials, Session, Token
from domain.catalog import Course, CourseDraft, Run
from domain.clients import Client
from domain.enrollment import Admission, Cohort, Enrollment, Seats
from domain.forum import Post, Reading, Thread, Topics, Vote, Writing
from domain.forum.conduct import Conduct
from domain.forum.moderation import Moderation
from domain.forum.notice import Notice
from domain.forum.report import Report
from domain.forum.rules import ForumRules
from domain.forum.word_list import WordList
from domain.lti import Tool, ToolItems, ToolResult
from domain.notification import (
    Digest,
    Inbox,
    Mailbox,
    Notification,
    NotificationSettings,
    Reminders,
    Round,
    StaffMessage,
)
from domain.payment.books import Books, Payout, Receipts
from domain.payment.coupon import Coupon
from domain.payment.dispute import Dispute
from domain.payment.entitlement import Entitlement
from domain.payment.offers import Offers
from domain.payment.order import Order
from domain.payment.payment import Payment
from domain.payment.product import Product
from domain.payment.provider_event import ProviderEvent
from domain.payment.refund import Refund
from domain.payment.refund_claim import RefundClaims
from domain.payment.subscription import Subscription
from domain.progress import CourseProgress, IssuedCredential, RunRebase, Viewing
from domain.progress.appeal import Appeals
from domain.question_bank import BankQuestion, QuestionBank
from domain.quiz import Allowance, Quiz, QuizAttempt
from domain.roles import Roles
from domain.user import User

PAYMENT: tuple[type[Aggregate], ...] = (
    *(Product, Offers, Coupon, Order, Payment, Refund, RefundClaims, Dispute, Subscription, Entitlement),
    *(ProviderEvent, Payout, Receipts, Books),
)

LEARNING: tuple[type[Aggregate], ...] = (
    *(Course, CourseDraft, Run, Admission, Enrollment, Seats, Cohort),
    *(CourseProgress, Appeals, Viewing, RunRebase, IssuedCredential, QuestionBank, BankQuestion),
    *(Allowance, Quiz, QuizAttempt),
    *(Tool, ToolItems, ToolResult),
    *(Topics, Thread, Post, Writing, Vote, Reading),
    *(Moderation, Report, Notice, Conduct, ForumRules, WordList),
)

ADMIN: tuple[type[Aggregate], ...] = (
    *(Record, NamesOfRun, SignedTrees, Import, ReadModel, BreakGlass),
    *(FailedJob, FailedReaction, BulkJob, CampusSettings, Announcement, Webhook, Analysis, SavedQuery),
)

IDENTITY: tuple[type[Aggregate], ...] = (User, Credentials, Session, Token, Roles, Client)

NOTIFICATION: tuple[type[Aggregate], ...] = (
    *(Notification, Inbox, NotificationSettings, Digest, Mailbox, Round, Reminders, StaffMessage),
)

AGGREGATES: tuple[type[Aggregate], ...] = (*LEARNING, *PAYMENT, *ADMIN, *IDENTITY, *NOTIFICATION)

BY_CATEGORY: dict[str, type[Aggregate]] = {aggregate.category: aggregate for aggregate in AGGREGATES}

FACTS: dict[str, type[Aggregate.Event]] = {
    member.TOPIC: member
    for aggregate in AGGREGATES
    for member in vars(aggregate).values()
    if isinstance(member, type) and issubclass(member, Aggregate.Event) and hasattr(member, "TOPIC")
}

AGGREGATE_OF: dict[str, type[Aggregate]] = {
    name: aggregate for aggregate in AGGREGATES for name, fact in FACTS.items() if fact in vars(aggregate).values()
}
"""The aggregate of each fact."""

REFERENCE_FACTS: frozenset[str] = frozenset(name for name, of in AGGREGATE_OF.items() if of.scope == "reference")
"""The facts that every segment of a read model folds."""


MENTIONING: tuple[str, ...] = tuple(
    sorted(
        name
        for name, fact in FACTS.items()
        if AGGREGATE_OF[name].mentions_learner and "learner_id" in fact.__dataclass_fields__  # type: ignore[attr-defined]
    )
)
"""The facts that are not a learner's own and name one."""


def context_of(fact_type: str) -> str:
    """The context to which a fact belongs, such as `enrollment`."""
    return AGGREGATE_OF[fact_type].__module__.split(".")[1]


def keyed_by(id_name: str) -> tuple[str, ...]:
    """The categories of the streams whose facts are keyed by the id of this name."""
    return tuple(aggregate.category for aggregate in AGGREGATES if aggregate.keyed_by == id_name)
