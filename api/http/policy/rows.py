"""
The table: a row for each route. What has no row is refused; what a role has no cell for is refused to it.

A row says what the route does, which roles may ask it about which things, what they must have proved for it beside
what their role needs (words.py), and whether an admin may ask it who acts as a learner.
"""

from collections.abc import Mapping
from types import MappingProxyType

from api.http.policy.words import Access, Found, Kind, Relation, Row
from domain.consents import CONTACT

READ, STREAM, COMMAND, OWN, OPEN = Kind.READ, Kind.STREAM, Kind.COMMAND, Kind.OWN, Kind.OPEN
USER, LATER = Found.USER, Found.LATER


def _to(**relations: Relation | Access) -> Mapping[str, Access]:
    cells = {role: each if isinstance(each, Access) else Access(each) for role, each in relations.items()}
    return MappingProxyType(cells)


SELF, OWN_RUN, OWN_COURSE, ANY = Relation.SELF, Relation.OWN_RUN, Relation.OWN_COURSE, Relation.ANY
UNPAYABLE = Access(ANY, ("checkout_url",))  # all that is needed to pay

BEHIND_GLASS = Access(ANY, ("email", "display_name", "language", "time_zone"))  # until a break-glass request opens them

TO_ALL = _to(anonymous=ANY)
TO_USERS = _to(learner=ANY, service=ANY)
TO_ITSELF = _to(learner=SELF)
OF_LEARNER = _to(learner=SELF, instructor=ANY, auditor=ANY, admin=ANY)
OF_ORDER = _to(learner=SELF, instructor=ANY, auditor=UNPAYABLE, admin=ANY)
OF_LEARNER_ON_RUN = _to(learner=SELF, instructor=OWN_RUN, assistant=OWN_RUN, auditor=ANY, admin=ANY)
OF_LEARNERS_ON_RUN = _to(instructor=OWN_RUN, assistant=OWN_RUN, auditor=ANY, admin=ANY)
OF_RUN = _to(instructor=OWN_RUN, assistant=OWN_RUN, auditor=ANY, analyst=ANY, admin=ANY)
OF_COURSE = _to(instructor=OWN_COURSE, assistant=OWN_COURSE, auditor=ANY, analyst=ANY, admin=ANY)
OF_CAMPUS = _to(instructor=ANY, auditor=ANY, admin=ANY)
OF_FOLD = _to(learner=SELF, service=SELF, instructor=ANY, auditor=ANY, admin=ANY)  # self: who has asked for it
FIGURES = _to(instructor=ANY, auditor=ANY, analyst=ANY, admin=ANY, service=ANY)
TO_ADMINS = _to(auditor=ANY, admin=ANY)
OF_READ_MODELS = _to(auditor=ANY, analyst=ANY, admin=ANY)
BY_ADMINS = _to(admin=ANY)
BY_ANALYSTS = _to(analyst=ANY, admin=ANY)
BY_STAFF = _to(instructor=ANY, admin=ANY)
BY_STAFF_OF_COURSE = _to(instructor=OWN_COURSE, admin=ANY)
BY_STAFF_OF_RUN = _to(instructor=OWN_RUN, admin=ANY)
BY_GRADERS = _to(instructor=OWN_RUN, assistant=OWN_RUN, admin=ANY)
FOR_LEARNER = _to(learner=SELF, instructor=ANY, admin=ANY)
FOR_LEARNER_ON_RUN = _to(learner=SELF, instructor=OWN_RUN, admin=ANY)

SIGN_IN = (
    Row("register", OPEN, TO_ALL),
    Row("completeRegistration", OPEN, TO_ALL),
    Row("signIn", OPEN, TO_ALL),
    Row("signInByCode", OPEN, TO_ALL),
    Row("challengePasskey", OPEN, TO_ALL),
    Row("signInByPasskey", OPEN, TO_ALL),
    Row("forgetPassword", OPEN, TO_ALL),
    Row("resetPassword", OPEN, TO_ALL),
    Row("verifyAddress", OPEN, TO_ALL),
    Row("restoreAddress", OPEN, TO_ALL),
    Row("login", OPEN, TO_ALL),
    Row("getWelcome", OPEN, TO_ALL),
    Row("getSignInPage", OPEN, TO_ALL),
    Row("getRegistrationPage", OPEN, TO_ALL),
    Row("getSecurityPage", OPEN, TO_ALL),
    Row("getRecover", OPEN, TO_ALL),
    Row("getNewAddress", OPEN, TO_ALL),
    Row("getOldAddress", OPEN, TO_ALL),
    Row("getConnectedPage", OPEN, TO_ALL),
    Row("listProviders", OPEN, TO_ALL),
    Row("beginProviderSignIn", OPEN, TO_ALL),
    Row("getProviderAnswer", OPEN, TO_ALL),
    Row("receiveLogoutToken", OPEN, TO_ALL),
    Row("signOut", OWN, TO_ITSELF, USER, impersonated=True),
    Row("listSessions", OWN, TO_ITSELF, USER),
    Row("revokeSession", OWN, TO_ITSELF, USER),
    Row("changePassword", OWN, TO_ITSELF, USER),
    Row("changeAddress", OWN, TO_ITSELF, USER),
    Row("confirm", OWN, TO_ITSELF, USER),
    Row("listFactors", OWN, TO_ITSELF, USER),
    Row("beginApp", OWN, TO_ITSELF, USER),
    Row("addApp", OWN, TO_ITSELF, USER),
    Row("makeRecoveryCodes", OWN, TO_ITSELF, USER),
    Row("removeFactor", OWN, TO_ITSELF, USER),
    Row("beginPasskey", OWN, TO_ITSELF, USER),
    Row("addPasskey", OWN, TO_ITSELF, USER),
    Row("beginIdentity", OWN, TO_ITSELF, USER),
    Row("confirmByProvider", OWN, TO_ITSELF, USER),
    Row("listIdentities", OWN, TO_ITSELF, USER),
    Row("unlinkIdentity", OWN, TO_ITSELF, USER),
    Row("listTokens", OWN, TO_ITSELF, USER),
    Row("issueToken", OWN, TO_ITSELF, USER),
    Row("revokeToken", OWN, TO_ITSELF, USER),
    Row("beginAppTokens", OWN, TO_ITSELF, USER),
    Row("renewToken", OPEN, TO_ALL),
    Row("listPublicKeys", OPEN, TO_ALL),
    Row("eraseAccount", OWN, TO_ITSELF, USER),
    Row("getSession", OWN, TO_ITSELF, USER, impersonated=True),
    Row("impersonate", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("endImpersonation", OWN, TO_ITSELF, USER, impersonated=True),
    Row("createEventTicket", OWN, TO_ITSELF, USER),
    Row("getMyAccount", READ, TO_ITSELF, USER),
    Row("changeProfile", COMMAND, TO_ITSELF, USER),
    Row("listAccounts", READ, TO_ADMINS),
    Row("getLearnerAccount", READ, _to(auditor=BEHIND_GLASS, admin=BEHIND_GLASS)),
    Row("breakGlass", READ, TO_ADMINS, step_up=True, reason=True),
    Row("eraseLearner", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("findAccount", READ, TO_ADMINS, reason=True),
    Row("suspendAccount", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("reinstateAccount", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("endSessions", COMMAND, BY_ADMINS, reason=True),
    Row("removeLostFactors", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("getExportAccount", OWN, TO_ITSELF, USER),
    Row("getMyConsents", READ, TO_ITSELF, USER, impersonated=True),
    Row("giveConsent", COMMAND, TO_ITSELF, USER),
    Row("withdrawConsent", COMMAND, TO_ITSELF, USER),
    Row("getLearnerContact", READ, BY_STAFF, consent=CONTACT),
    Row("invite", COMMAND, BY_STAFF),
    Row("inviteMany", COMMAND, BY_STAFF),
)
ROLES = (
    Row("listRoles", READ, TO_ADMINS),
    Row("listMyRoles", READ, TO_ITSELF, USER, impersonated=True),
    Row("grantRole", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("revokeRole", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("registerClient", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("addCredential", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("removeCredential", COMMAND, BY_ADMINS, reason=True),
    Row("endClient", COMMAND, BY_ADMINS, reason=True),
    Row("listClients", READ, TO_ADMINS),
    Row("getClient", READ, TO_ADMINS),
    Row("issueClientToken", OPEN, TO_ALL),
    Row("getAuthorizationServer", OPEN, TO_ALL),
    Row("getPolicy", READ, TO_ADMINS),
)
CATALOG = (
    Row("listCourses", READ, TO_USERS, impersonated=True),
    Row("searchCatalog", READ, TO_USERS, impersonated=True),
    Row("getCourse", READ, TO_USERS, impersonated=True),
    Row("getVersion", READ, TO_USERS, impersonated=True),
    Row("listRuns", READ, TO_USERS, impersonated=True),
    Row("getRun", READ, TO_USERS, impersonated=True),
    Row("createCourse", COMMAND, BY_STAFF),
    Row("publishVersion", COMMAND, BY_STAFF_OF_COURSE),
    Row("getDraft", READ, OF_COURSE),
    Row("getDiff", READ, OF_COURSE),
    Row("uploadContent", COMMAND, BY_STAFF_OF_COURSE),
    Row("getContent", READ, OF_COURSE),
    Row("getUnitPage", READ, TO_USERS, impersonated=True),
    Row("getUnitContent", READ, TO_USERS, impersonated=True),
    Row("getCaptions", READ, TO_USERS, impersonated=True),
    Row("startDraft", COMMAND, BY_STAFF_OF_COURSE),
    Row("editDraft", COMMAND, BY_STAFF_OF_COURSE),
    Row("publishDraft", COMMAND, BY_STAFF_OF_COURSE),
    Row("scheduleRun", COMMAND, BY_STAFF_OF_COURSE, LATER),
    Row("cloneRun", COMMAND, BY_STAFF_OF_RUN),
    Row("grantExtensions", COMMAND, BY_STAFF_OF_RUN),
    Row("withdrawExtensions", COMMAND, BY_STAFF_OF_RUN),
    Row("getMyDeadlines", READ, TO_ITSELF, USER, impersonated=True),
    Row("getDeadlines", READ, OF_LEARNER_ON_RUN),
    Row("getMyViewing", READ, TO_ITSELF, USER, impersonated=True),
    Row("getViewing", READ, OF_LEARNER_ON_RUN),
    Row("openRun", COMMAND, BY_STAFF_OF_RUN),
    Row("closeRun", COMMAND, BY_STAFF_OF_RUN),
    Row("changeCapacity", COMMAND, BY_STAFF_OF_RUN),
)
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
    Row("revokeInvitation", COMMAND, BY_STAFF_OF_RUN),
    Row("listWaitlist", READ, OF_LEARNERS_ON_RUN),
    Row("getMyPlace", READ, TO_ITSELF, USER, impersonated=True),
    Row("importRoster", COMMAND, BY_STAFF),
    Row("listRunInvitations", READ, OF_LEARNERS_ON_RUN),
    Row("listMyInvitations", READ, TO_ITSELF, USER, impersonated=True),
    Row("acceptInvitation", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("declineInvitation", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("listRunLearners", READ, OF_LEARNERS_ON_RUN),
    Row("listLearners", READ, OF_CAMPUS),
)
PROGRESS = (
    Row("recordActivity", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("openUnit", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("recordWatched", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("completeUnit", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("decideOutcome", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("getMyDashboard", READ, TO_ITSELF, USER, impersonated=True),
    Row("listMyRuns", READ, TO_ITSELF, USER, impersonated=True),
    Row("getMyRun", READ, TO_ITSELF, USER, impersonated=True),
    Row("listMyGrades", READ, TO_ITSELF, USER, impersonated=True),
    Row("getLearnerDashboard", READ, OF_LEARNER, impersonated=True),
    Row("listDashboards", READ, OF_CAMPUS),
    Row("listLearnerRuns", READ, OF_LEARNER, impersonated=True),
    Row("getLearnerRun", READ, OF_LEARNER_ON_RUN, impersonated=True),
    Row("listLearnerGrades", READ, OF_LEARNER_ON_RUN, impersonated=True),
    Row("getRunDashboard", READ, OF_RUN),
    Row("getRunGradebook", READ, OF_LEARNERS_ON_RUN),
    Row("getRunGradebookMatrix", READ, OF_LEARNERS_ON_RUN),
    Row("getCampusOverview", READ, FIGURES),
    Row("getRecentActivity", READ, OF_CAMPUS),
    Row("getIssuer", OPEN, TO_ALL),
    Row("getCredential", OPEN, TO_ALL),
    Row("getCredentialPage", OPEN, TO_ALL),
    Row("listRevocations", OPEN, TO_ALL),
    Row("getBadge", READ, OF_LEARNER_ON_RUN, LATER),
    Row("getMyCredentials", READ, TO_ITSELF, USER, impersonated=True),
    Row("getLearnerCredentials", READ, OF_LEARNER, impersonated=True),
    Row("issueCredential", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("revokeCredential", COMMAND, BY_STAFF_OF_RUN, LATER, reason=True),
)
QUIZ = (
    Row("getQuiz", READ, TO_USERS, impersonated=True),
    Row("listQuizzes", READ, TO_USERS, impersonated=True),
    Row("publishQuiz", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("listQuestionBanks", READ, OF_CAMPUS),
    Row("createQuestionBank", COMMAND, BY_STAFF),
    Row("renameQuestionBank", COMMAND, BY_STAFF),
    Row("listQuestions", READ, OF_CAMPUS),
    Row("getQuestion", READ, OF_CAMPUS),
    Row("addQuestion", COMMAND, BY_STAFF),
    Row("changeQuestion", COMMAND, BY_STAFF),
    Row("retireQuestion", COMMAND, BY_STAFF, reason=True),
    Row("restoreQuestion", COMMAND, BY_STAFF, reason=True),
    Row("importQuestionFile", COMMAND, BY_STAFF),
    Row("getQuestionFile", READ, OF_CAMPUS),
    Row("startAttempt", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("saveAnswer", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("listMyAttempts", READ, TO_ITSELF, USER, impersonated=True),
    Row("getMyAttempt", READ, TO_ITSELF, USER, impersonated=True),
    Row("listAttempts", READ, OF_LEARNER_ON_RUN, impersonated=True),
    Row("getAttempt", READ, OF_LEARNER_ON_RUN, impersonated=True),
    Row("getGradingQueue", READ, OF_LEARNERS_ON_RUN),
    Row("getItemStatistics", READ, OF_LEARNERS_ON_RUN),
    Row("gradeItem", COMMAND, BY_GRADERS),
    Row("listRegrades", READ, OF_LEARNERS_ON_RUN),
    Row("proposeRegrade", COMMAND, BY_STAFF_OF_RUN),
    Row("commitRegrade", COMMAND, BY_STAFF_OF_RUN, step_up=True),
    Row("grantAllowance", COMMAND, BY_STAFF_OF_RUN),
    Row("submitAttempt", COMMAND, FOR_LEARNER_ON_RUN, LATER, impersonated=True),
    Row("gradeAttempt", COMMAND, BY_GRADERS),
    Row("overrideGrade", COMMAND, BY_STAFF_OF_RUN, step_up=True, reason=True),
)
EVENTS = (
    Row("streamMyEvents", STREAM, TO_ITSELF, USER, impersonated=True),
    Row("streamLearnerEvents", STREAM, OF_LEARNER, impersonated=True),
    Row("streamRunEvents", STREAM, OF_RUN),
    Row("streamOverviewEvents", STREAM, FIGURES),
    Row("streamEvents", STREAM, TO_USERS, impersonated=True),  # each topic is asked for as its own stream
)
PAYMENT = (
    Row("listProducts", READ, TO_USERS, impersonated=True),
    Row("getProduct", READ, TO_USERS, impersonated=True),
    Row("createProduct", COMMAND, BY_STAFF),
    Row("changePrice", COMMAND, BY_STAFF),
    Row("retireProduct", COMMAND, BY_STAFF),
    Row("listCoupons", READ, OF_CAMPUS),
    Row("getCoupon", READ, OF_CAMPUS),
    Row("createCoupon", COMMAND, BY_STAFF),
    Row("retireCoupon", COMMAND, BY_STAFF),
    Row("placeOrder", COMMAND, FOR_LEARNER, LATER),
    Row("cancelOrder", COMMAND, FOR_LEARNER, LATER),
    Row("startPayment", COMMAND, FOR_LEARNER, LATER),
    Row("refundOrder", COMMAND, BY_STAFF, step_up=True, reason=True),
    Row("getMyOrders", READ, TO_ITSELF, USER, impersonated=True),
    Row("getLearnerOrders", READ, OF_ORDER, impersonated=True),
    Row("listOrders", READ, _to(instructor=ANY, auditor=UNPAYABLE, admin=ANY)),
    Row("getOrder", READ, OF_ORDER, LATER, impersonated=True),
    Row("getReceipt", READ, OF_ORDER, LATER, impersonated=True),
    Row("getReplayOrder", READ, OF_LEARNER, LATER, impersonated=True),
    Row("getCheckout", OPEN, TO_ALL),
    Row("tryAgain", OPEN, TO_ALL),
    Row("receiveStripeEvent", OPEN, TO_ALL),
    Row("listUnmatchedMessages", READ, OF_CAMPUS),
    Row("dismissProviderEvent", COMMAND, BY_STAFF, reason=True),
    Row("getMyPurchases", READ, TO_ITSELF, USER, impersonated=True),
    Row("getLearnerPurchases", READ, OF_ORDER, impersonated=True),
    Row("getMyEntitlements", READ, TO_ITSELF, USER, impersonated=True),
    Row("getLearnerEntitlements", READ, OF_LEARNER, impersonated=True),
    Row("grantEntitlement", COMMAND, BY_STAFF),
    Row("revokeEntitlement", COMMAND, BY_STAFF, reason=True),
    Row("listSubscriptions", READ, OF_CAMPUS),
    Row("getMySubscriptions", READ, TO_ITSELF, USER, impersonated=True),
    Row("getLearnerSubscriptions", READ, OF_LEARNER, impersonated=True),
    Row("cancelSubscription", COMMAND, FOR_LEARNER, LATER),
    Row("changePlan", COMMAND, FOR_LEARNER, LATER),
    Row("resumeSubscription", COMMAND, FOR_LEARNER, LATER),
    Row("endSubscription", COMMAND, BY_STAFF),
    Row("closeDays", COMMAND, BY_STAFF),
    Row("getLedgerBalances", READ, FIGURES),
    Row("getLedgerEntries", READ, OF_CAMPUS),
    Row("getRevenue", READ, FIGURES),
    Row("getLastReconciliation", READ, OF_CAMPUS),
)
AUDIT = (
    Row("getLearnerHistory", READ, OF_LEARNER, impersonated=True),
    Row("listLooks", READ, OF_LEARNER, impersonated=True),
    Row("getExplainValue", READ, OF_LEARNER, LATER, impersonated=True),
    Row("getReplayLearner", READ, OF_LEARNER, impersonated=True),
    Row("getReplayRun", READ, OF_LEARNERS_ON_RUN),
    Row("getFact", READ, OF_LEARNER, LATER, impersonated=True),
    Row("getTraceFact", READ, OF_CAMPUS),
    Row("getTrace", READ, OF_CAMPUS),
    Row("askForDossier", READ, OF_CAMPUS),
    Row("getDossier", READ, OF_CAMPUS),
    Row("getDossierFile", READ, OF_CAMPUS),
    Row("listImports", READ, OF_CAMPUS),
    Row("listRules", READ, OF_CAMPUS),
    Row("getRule", READ, OF_CAMPUS),
    Row("getFold", READ, OF_FOLD, LATER),
    Row("streamFoldEvents", READ, OF_FOLD, LATER),
    Row("getEntries", READ, OF_CAMPUS),
    Row("getCheckpoint", OPEN, TO_ALL),
    Row("getKeys", OPEN, TO_ALL),
    Row("getInclusion", OPEN, TO_ALL),
    Row("getConsistency", OPEN, TO_ALL),
    Row("getTile", OPEN, TO_ALL),
)
ADMINISTRATION = (
    Row("listAudit", READ, TO_ADMINS),
    Row("listAuditRefusals", READ, TO_ADMINS),
    Row("listFailedJobs", READ, TO_ADMINS),
    Row("retryJob", COMMAND, BY_ADMINS),
    Row("dismissJob", COMMAND, BY_ADMINS, reason=True),
    Row("listFailedReactions", READ, TO_ADMINS),
    Row("retryReaction", COMMAND, BY_ADMINS),
    Row("dismissReaction", COMMAND, BY_ADMINS, reason=True),
    Row("listProjections", READ, OF_READ_MODELS),
    Row("listProjectionJobs", READ, OF_READ_MODELS),
    Row("getProjectionJob", READ, OF_READ_MODELS),
    Row("streamProjectionJob", STREAM, OF_READ_MODELS),
    Row("rebuildProjection", COMMAND, BY_ANALYSTS, reason=True),
    Row("promoteProjection", COMMAND, BY_ANALYSTS, step_up=True, reason=True),
    Row("rollBackProjection", COMMAND, BY_ANALYSTS, step_up=True, reason=True),
    Row("stopProjectionJob", COMMAND, BY_ANALYSTS, reason=True),
    Row("getCampus", OPEN, TO_ALL),
    Row("listAnnouncements", READ, TO_USERS),
    Row("listMyAnnouncements", READ, TO_ITSELF, USER, impersonated=True),
    Row("publishAnnouncement", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("changeAnnouncement", COMMAND, BY_STAFF_OF_RUN, LATER),
    Row("withdrawAnnouncement", COMMAND, BY_STAFF_OF_RUN, LATER, reason=True),
    Row("listSettings", READ, TO_ADMINS),
    Row("listSettingChanges", READ, TO_ADMINS),
    Row("changeSetting", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("prepareBulk", COMMAND, BY_ADMINS),
    Row("listBulkJobs", READ, TO_ADMINS),
    Row("getBulkJob", READ, TO_ADMINS),
    Row("streamBulkJob", STREAM, TO_ADMINS),
    Row("listBulkLines", READ, TO_ADMINS),
    Row("startBulk", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("stopBulk", COMMAND, BY_ADMINS),
    Row("undoBulk", COMMAND, BY_ADMINS),
    Row("listParked", READ, TO_ADMINS),
    Row("retryParked", COMMAND, BY_ADMINS),
    Row("skipParked", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("listWebhooks", READ, TO_ADMINS),
    Row("getWebhook", READ, TO_ADMINS),
    Row("listWebhookDeliveries", READ, TO_ADMINS),
    Row("listWebhookAttempts", READ, TO_ADMINS),
    Row("makeWebhook", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("changeWebhook", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("rotateWebhookSecret", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("disableWebhook", COMMAND, BY_ADMINS, reason=True),
    Row("enableWebhook", COMMAND, BY_ADMINS, reason=True),
    Row("removeWebhook", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("pingWebhook", COMMAND, BY_ADMINS),
    Row("replayWebhook", COMMAND, BY_ADMINS, step_up=True, reason=True),
    Row("resendToWebhook", COMMAND, BY_ADMINS, reason=True),
)
MACHINERY = (
    Row("sendBulk", READ, TO_USERS, impersonated=True),  # each of its commands is asked for by itself
    Row("getHealth", OPEN, TO_ALL),
    Row("getReady", OPEN, TO_ALL),
    Row("getMetrics", OPEN, TO_ALL),
    Row("getIdentity", READ, OF_CAMPUS),  # of the gateway
)

GROUPS: Mapping[str, tuple[Row, ...]] = {
    "Signing in and accounts": SIGN_IN,
    "Roles": ROLES,
    "Catalog": CATALOG,
    "Enrollment": ENROLLMENT,
    "Progress and grades": PROGRESS,
    "Quizzes": QUIZ,
    "Event streams": EVENTS,
    "Payment and books": PAYMENT,
    "History and proofs": AUDIT,
    "Administration": ADMINISTRATION,
    "Machinery": MACHINERY,
}
ROWS: tuple[Row, ...] = tuple(row for rows in GROUPS.values() for row in rows)
