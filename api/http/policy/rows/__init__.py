"""
The table: a row for each route, in a module for each group.

What has no row is refused; what a role has no cell for is refused to it.

A row: what the route does, which roles may ask it about what, with which proofs, and whether in the name of a learner.
"""

from collections.abc import Mapping

from api.http.policy.rows.administration import ADMINISTRATION
from api.http.policy.rows.audit import AUDIT
from api.http.policy.rows.catalog import CATALOG
from api.http.policy.rows.enrollment import ENROLLMENT
from api.http.policy.rows.events import EVENTS
from api.http.policy.rows.forum import FORUM
from api.http.policy.rows.machinery import MACHINERY
from api.http.policy.rows.notification import NOTIFICATION
from api.http.policy.rows.payment import PAYMENT
from api.http.policy.rows.progress import PROGRESS
from api.http.policy.rows.question_bank import QUESTION_BANK
from api.http.policy.rows.quiz import QUIZ
from api.http.policy.rows.roles import ROLES
from api.http.policy.rows.sign_in import SIGN_IN
from api.http.policy.rows.tools import TOOLS
from api.http.policy.words import Row

GROUPS: Mapping[str, tuple[Row, ...]] = {
    "Signing in and accounts": SIGN_IN,
    "Roles": ROLES,
    "Catalog": CATALOG,
    "Enrollment": ENROLLMENT,
    "Progress and grades": PROGRESS,
    "Quizzes": QUIZ,
    "Question banks": QUESTION_BANK,
    "Forum": FORUM,
    "Event streams": EVENTS,
    "Notifications": NOTIFICATION,
    "Payment and books": PAYMENT,
    "History and proofs": AUDIT,
    "Administration": ADMINISTRATION,
    "Tools (LTI)": TOOLS,
    "Machinery": MACHINERY,
}
ROWS: tuple[Row, ...] = tuple(row for rows in GROUPS.values() for row in rows)
