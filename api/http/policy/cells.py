"""The cells of the table: which roles may ask a route about which things, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from api.http.policy.words import Access, Found, Kind, Relation

READ, STREAM, COMMAND, OWN, OPEN = Kind.READ, Kind.STREAM, Kind.COMMAND, Kind.OWN, Kind.OPEN
USER, LATER = Found.USER, Found.LATER


def to(**relations: Relation | Access) -> Mapping[str, Access]:
    """The cells of a row: how a thing must belong to a user of each role, and what is left out of the answer."""
    cells = {role: each if isinstance(each, Access) else Access(each) for role, each in relations.items()}
    return MappingProxyType(cells)


SELF, OWN_RUN, OWN_COURSE, ANY = Relation.SELF, Relation.OWN_RUN, Relation.OWN_COURSE, Relation.ANY
TAUGHT = Relation.TAUGHT
UNPAYABLE = Access(ANY, ("checkout_url",))  # all that is needed to pay

BEHIND_GLASS = Access(ANY, ("email", "display_name", "language", "time_zone"))  # until a break-glass request opens them

TO_ALL = to(anonymous=ANY)
TO_USERS = to(learner=ANY, service=ANY)
TO_ITSELF = to(learner=SELF)
OF_LEARNER = to(learner=SELF, instructor=ANY, auditor=ANY, admin=ANY)
OF_ORDER = to(learner=SELF, instructor=ANY, auditor=UNPAYABLE, admin=ANY)
OF_LEARNER_ON_RUN = to(learner=SELF, instructor=OWN_RUN, assistant=OWN_RUN, auditor=ANY, admin=ANY)
TO_TEACHERS_OF_RUN = to(instructor=OWN_RUN, assistant=OWN_RUN)
OF_LEARNERS_ON_RUN = to(instructor=OWN_RUN, assistant=OWN_RUN, auditor=ANY, admin=ANY)
OF_RUN = to(instructor=OWN_RUN, assistant=OWN_RUN, auditor=ANY, analyst=ANY, admin=ANY)
OF_COURSE = to(instructor=OWN_COURSE, assistant=OWN_COURSE, auditor=ANY, analyst=ANY, admin=ANY)
OF_BANK = to(instructor=TAUGHT, auditor=ANY, admin=ANY)  # not to assistants: it has what will be asked
OF_CAMPUS = to(instructor=ANY, auditor=ANY, admin=ANY)
OF_FOLD = to(learner=SELF, service=SELF, instructor=ANY, auditor=ANY, admin=ANY)  # self: who has asked for it
FIGURES = to(instructor=ANY, auditor=ANY, analyst=ANY, admin=ANY, service=ANY)
TO_ADMINS = to(auditor=ANY, admin=ANY)
OF_READ_MODELS = to(auditor=ANY, analyst=ANY, admin=ANY)
OF_RULES = to(instructor=ANY, auditor=ANY, analyst=ANY, admin=ANY)
BY_ADMINS = to(admin=ANY)
BY_ANALYSTS = to(analyst=ANY, admin=ANY)
BY_STAFF = to(instructor=ANY, admin=ANY)
BY_STAFF_OF_COURSE = to(instructor=OWN_COURSE, admin=ANY)
BY_STAFF_OF_RUN = to(instructor=OWN_RUN, admin=ANY)
BY_KEEPERS_OF_BANK = to(instructor=TAUGHT, admin=ANY)
BY_GRADERS = to(instructor=OWN_RUN, assistant=OWN_RUN, admin=ANY)
FOR_LEARNER = to(learner=SELF, instructor=ANY, admin=ANY)
BY_THOSE_ON_RUN = to(learner=SELF, instructor=OWN_RUN, assistant=OWN_RUN, admin=ANY)
FOR_LEARNER_ON_RUN = to(learner=SELF, instructor=OWN_RUN, admin=ANY)
