"""Every read model, in the order in which they are listed to people."""

from projections.accounts import Accounts
from projections.catalog import Catalog
from projections.course_dashboard import CourseDashboard
from projections.deliveries import Deliveries
from projections.engine.projection import Projection
from projections.forum import Forum
from projections.forum_activity import ForumActivity
from projections.gradebook import Gradebook
from projections.inbox import Inboxes
from projections.item_statistics import ItemStatistics
from projections.learner_dashboard import LearnerDashboard
from projections.ledger import Ledger
from projections.moderation import ModerationOfForum
from projections.orders import Orders
from projections.overview import Overview
from projections.recent_activity import RecentActivity
from projections.roles import Roles

PROJECTIONS: tuple[Projection, ...] = (
    Catalog(),
    LearnerDashboard(),
    CourseDashboard(),
    Gradebook(),
    Overview(),
    Orders(),
    Ledger(),
    RecentActivity(),
    Roles(),
    Accounts(),
    ItemStatistics(),
    Forum(),
    ForumActivity(),
    ModerationOfForum(),
    Inboxes(),
    Deliveries(),
)
