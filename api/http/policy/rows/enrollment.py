"""Places on runs, invitations, rosters, names."""

from api.http.policy.cells import (
    BY_STAFF,
    BY_STAFF_OF_RUN,
    COMMAND,
    FOR_LEARNER_ON_RUN,
    LATER,
    OF_CAMPUS,
    OF_LEARNERS_ON_RUN,
    READ,
    TO_ITSELF,
    TO_TEACHERS_OF_RUN,
    USER,
)
from api.http.policy.words import Row

ENROLLMENT = (
    Row("enroll", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("withdraw", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("accept", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("reactivate", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("changeMode", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("suspendEnrollment", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("resumeEnrollment", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("waivePrerequisites", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("transfer", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("inviteToRun", COMMAND, BY_STAFF_OF_RUN),
    Row("revokeInvitation", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("listWaitlist", READ, OF_LEARNERS_ON_RUN),
    Row("getMyPlace", READ, TO_ITSELF, USER, impersonated=True),
    Row("importRoster", COMMAND, BY_STAFF),
    Row("listRunInvitations", READ, OF_LEARNERS_ON_RUN),
    Row("listMyInvitations", READ, TO_ITSELF, USER, impersonated=True),
    Row("acceptInvitation", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("declineInvitation", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("listRunLearners", READ, OF_LEARNERS_ON_RUN),
    Row("listNames", READ, TO_TEACHERS_OF_RUN),
    Row("listLearners", READ, OF_CAMPUS),
)
