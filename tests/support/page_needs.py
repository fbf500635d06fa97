"""
What each page asks the API for, by method and path; a new page says so here, or a test fails.

A page is refused to whom the policy refuses one of these operations. One with a question mark is asked in some cases
only, or the page is shown without its answer; pages that say `anyone` are for visitors, too.
"""

ANYONE, SIGNED_IN = "anyone", "signed-in"
"""In the place of an operation: who is shown a page that needs none."""

ON_EVERY_PAGE = "getMyUnreadCount"
"""What stands around every page that is shown to who has signed in."""

CHOICE = "listCourses? getCourse? getRun?"
"""Of a course, for a question bank."""

NEEDS = {
    "GET /": "anyone",
    "GET /account": "getMyAccount",
    "POST /account": "changeProfile getMyAccount?",
    "GET /account/connected": "listIdentities listProviders",
    "POST /account/connected": "beginIdentity",
    "POST /account/connected/end": "unlinkIdentity",
    "POST /account/consents": "giveConsent? withdrawConsent?",
    "POST /account/erase": "eraseAccount getMyConsents?",
    "GET /account/export": "signed-in",
    "POST /account/export": "getExportAccount?",
    "POST /account/factors/app": "beginApp",
    "POST /account/factors/app/confirm": "addApp",
    "POST /account/factors/codes": "makeRecoveryCodes",
    "POST /account/factors/remove": "removeFactor",
    "GET /account/notifications": "getMyMailSchedule getMyMailbox getMyNotificationSettings",
    "POST /account/notifications": (
        "changeMyMailSchedule? changeMyNotificationSettings? confirmMyMailbox? getMyMailSchedule? getMyMailbox? "
        "getMyNotificationSettings?"
    ),
    "POST /account/password": "changePassword listFactors?",
    "GET /account/privacy": "getMyConsents",
    "GET /account/security": "listFactors",
    "GET /account/sessions": "listSessions",
    "POST /account/sessions/end": "revokeSession",
    "POST /account/sessions/end-all": "signOut",
    "GET /admin": "getCampusOverview getLastReconciliation listFailedJobs listFailedReactions listOpenRefundClaims",
    "GET /admin/announcements": "listAnnouncements listSettings",
    "POST /admin/announcements": "listAnnouncements? listSettings? publishAnnouncement",
    "POST /admin/announcements/{announcement_id}/withdraw": "withdrawAnnouncement",
    "GET /admin/audit": "listAudit listAuditRefusals",
    "GET /admin/courses": "listCourses listRuns listSettings",
    "GET /admin/deliveries/mails": "getMailPreview",
    "GET /admin/deliveries": "getDeliveryReport listDoubtfulDeliveries",
    "GET /admin/jobs": "listBulkJobs listFailedJobs listFailedReactions",
    "POST /admin/jobs/{job_id}/{act}": "dismissJob? retryJob?",
    "GET /admin/ledger": "getLastReconciliation getLedgerBalances getRevenue",
    "GET /admin/orders": "listOrders listOpenRefundClaims",
    "GET /admin/orders/{order_id}": "getOrder listRefundClaims?",
    "POST /admin/orders/{order_id}/claims/{claim_no}": "answerRefundClaim? getOrder? listRefundClaims?",
    "POST /admin/orders/{order_id}/refund": "getOrder? refundOrder listRefundClaims?",
    "GET /admin/people": "listAccounts",
    "POST /admin/people/find": "findAccount listAccounts?",
    "GET /admin/people/{learner_id}": "getLearnerAccount listRoles?",
    "POST /admin/people/{learner_id}/erase": "getLearnerAccount? listRoles? eraseLearner",
    "POST /admin/people/{learner_id}/roles/grant": "getLearnerAccount? listRoles? grantRole",
    "POST /admin/people/{learner_id}/roles/revoke": "getLearnerAccount? listRoles? revokeRole",
    "POST /admin/people/{learner_id}/{act}": (
        "getLearnerAccount? listRoles? endSessions? reinstateAccount? removeLostFactors? suspendAccount?"
    ),
    "POST /admin/reactions/{position}/{reaction}/{act}": "dismissReaction? retryReaction?",
    "GET /admin/settings": "listSettings",
    "POST /admin/settings": "changeSetting listSettings?",
    "GET /admin/workers": "getLogRate",
    "GET /analyze": "getCampusOverview listProjectionJobs listProjections listRuns",
    "GET /analyze/facts": "listProjections",
    "GET /analyze/facts/{type}": "listProjections",
    "GET /analyze/jobs": "listProjectionJobs",
    "GET /analyze/jobs/{job_id}": "getProjectionJob listProjections",
    "POST /analyze/jobs/{job_id}/stop": "getProjectionJob? listProjections? stopProjectionJob",
    "GET /analyze/parked": "listParked",
    "POST /analyze/parked/retry": "listParked? retryParked",
    "POST /analyze/parked/skip": "listParked? skipParked",
    "GET /analyze/projections/{name}": "listProjectionJobs listProjections listRules?",
    "POST /analyze/projections/{name}/promote": "listProjectionJobs? listProjections? listRules? promoteProjection",
    "POST /analyze/projections/{name}/rebuild": "listProjectionJobs? listProjections? listRules? rebuildProjection",
    "POST /analyze/projections/{name}/rollback": "listProjectionJobs? listProjections? listRules? rollBackProjection",
    "GET /analyze/rules/{source_hash}": "getRule",
    "GET /audit": "listAudit",
    "GET /audit/facts/{position}": "getCheckpoint? getInclusion? getTraceFact",
    "GET /audit/find": "signed-in",
    "GET /audit/learners/{learner_id}": "getLearnerTimeline getLearnerDashboard? getReplayLearner? getLearnerHistory?",
    "POST /audit/learners/{learner_id}/break-glass": "breakGlass",
    "POST /audit/learners/{learner_id}/dossiers": "askForDossier",
    "GET /audit/learners/{learner_id}/dossiers/{dossier_id}": "getDossier",
    "GET /audit/orders/{order_id}": "getTrace",
    "GET /audit/requests/{request_id}": "getTrace",
    "GET /audit/why": "getExplainValue",
    "GET /certificates": "anyone getCredential",
    "GET /certificates/{credential_id}": "anyone getCampus? getCredential getMyCredentials? getMyTranscript?",
    "GET /confirm": "listFactors listIdentities listProviders",
    "POST /confirm": "signed-in",
    "POST /confirm/provider": "confirmByProvider",
    "GET /courses": "anyone searchPublicCatalog",
    "GET /courses/{course_id}": "anyone getMyDashboard? getMyPlace? getPublicCourse",
    "POST /courses/{course_id}": (
        "getMyDashboard? getMyPlace? getPublicCourse? placeOrder? enroll? withdraw? reactivate? accept?"
    ),
    "GET /covers/{course_id}.svg": "anyone",
    "GET /forgotten": "anyone",
    "POST /forgotten": "anyone forgetPassword",
    "POST /language": "anyone",
    "GET /learn": "getMyDashboard? getMyPlayer getMyStudy getMyUnread? getRun? listMyAnnouncements listMyInvitations",
    "GET /learn/certificates": "getMyCredentials?",
    "POST /learn/invitations/{run_id}": "acceptInvitation? declineInvitation?",
    "GET /learn/orders": "getMyPurchases getRun?",
    "POST /learn/orders": "getMyPurchases? getRun? cancelSubscription? resumeSubscription?",
    "GET /learn/orders/{order_id}": "getOrder listRefundClaims?",
    "POST /learn/orders/{order_id}": (
        "cancelOrder? getOrder? startPayment? listRefundClaims? makeRefundClaim? withdrawRefundClaim?"
    ),
    "GET /learn/quizzes/{quiz_id}/attempts/{attempt_no}": "getMyAttempt getRun?",
    "POST /learn/quizzes/{quiz_id}/attempts/{attempt_no}": (
        "getMyAttempt? getRun? uploadAttemptFile? saveAnswer? showHint? submitAttempt?"
    ),
    "POST /learn/quizzes/{quiz_id}/attempts/{attempt_no}/answers/{item_id}": (
        "getMyAttempt? saveAnswer uploadAttemptFile?"
    ),
    "GET /learn/quizzes/{quiz_id}/attempts/{attempt_no}/hand-in": "getMyAttempt",
    "POST /learn/quizzes/{quiz_id}/attempts/{attempt_no}/hand-in": "submitAttempt",
    "GET /learn/runs/{run_id}": "getMyPlayer",
    "GET /learn/runs/{run_id}/grades": "getMyRun getMyTranscript? listMyAppeals listMyGrades",
    "POST /learn/runs/{run_id}/grades": (
        "getMyRun? getMyTranscript? listMyAppeals? listMyGrades? makeAppeal? withdrawAppeal?"
    ),
    "GET /learn/runs/{run_id}/grades/why": "getExplainValue getMyRun listMyGrades",
    "GET /learn/runs/{run_id}/quizzes/{quiz_id}": "getMyQuiz getRun? listMyAttempts",
    "POST /learn/runs/{run_id}/quizzes/{quiz_id}": "getMyQuiz? getRun? listMyAttempts? startAttempt",
    "GET /learn/runs/{run_id}/units/{unit_id}": "getMyPlayer getUnitPage? openUnit? getMyViewing?",
    "POST /learn/runs/{run_id}/units/{unit_id}": (
        "completeUnit? getMyPlayer? getUnitPage? launchTool? openUnit? getMyViewing?"
    ),
    "GET /learn/transcript": "getMyTranscript?",
    "GET /register": "anyone",
    "POST /register": "anyone register",
    "GET /signin": "anyone listProviders",
    "POST /signin": "anyone listProviders? signIn",
    "POST /signin/code": "anyone signInByCode",
    "POST /signin/provider": "anyone beginProviderSignIn",
    "POST /signin/sample": "anyone openSampleSession",
    "POST /signout": "anyone signOut",
    "GET /styleguide": "anyone",
    "GET /teach": "getRun listMyRoles listRuns",
    "GET /teach/banks": f"listQuestionBanks {CHOICE}",
    "POST /teach/banks": f"createQuestionBank listQuestionBanks? {CHOICE}",
    "GET /teach/banks/{bank_id}": f"listQuestions {CHOICE}",
    "POST /teach/banks/{bank_id}": f"listQuestions? renameQuestionBank {CHOICE}",
    "GET /teach/banks/{bank_id}/export": f"listQuestions? getQuestionFile {CHOICE}",
    "POST /teach/banks/{bank_id}/files": f"listQuestions? uploadQuestionFile {CHOICE}",
    "POST /teach/banks/{bank_id}/move": f"listQuestions? moveQuestionBank {CHOICE}",
    "POST /teach/banks/{bank_id}/share": f"listQuestions? shareQuestionBank {CHOICE}",
    "POST /teach/banks/{bank_id}/unshare": f"listQuestions? unshareQuestionBank {CHOICE}",
    "GET /teach/banks/{bank_id}/new": "listQuestions",
    "POST /teach/banks/{bank_id}/new": "listQuestions? addQuestion?",
    "GET /teach/banks/{bank_id}/questions/{question_id}": "getQuestion listQuestions",
    "POST /teach/banks/{bank_id}/questions/{question_id}": "listQuestions? getQuestion? changeQuestion?",
    "POST /teach/banks/{bank_id}/questions/{question_id}/{act}": (
        "listQuestions? getQuestion? retireQuestion? restoreQuestion?"
    ),
    "GET /teach/courses": "getCourse listCourses listMyRoles",
    "POST /teach/courses": "createCourse getCourse? listCourses? listMyRoles? startDraft",
    "GET /teach/courses/{course_id}": "getCourse getDraft listRuns listQuestionBanks?",
    "POST /teach/courses/{course_id}": "editDraft? getCourse? getDraft? listRuns? listQuestionBanks?",
    "GET /teach/courses/{course_id}/about": "getCourse getDraft",
    "POST /teach/courses/{course_id}/about": "describeCourse? getCourse? getDraft?",
    "GET /teach/courses/{course_id}/diff": "getCourse getDiff getDraft getVersion",
    "GET /teach/courses/{course_id}/new-run": "getCourse",
    "POST /teach/courses/{course_id}/new-run": "getCourse? openRun? scheduleRun",
    "GET /teach/courses/{course_id}/new-unit": "getCourse getDraft listTools?",
    "POST /teach/courses/{course_id}/new-unit": "editDraft getCourse? getDraft? listTools? uploadContent?",
    "GET /teach/courses/{course_id}/policy": "getCourse getDraft",
    "POST /teach/courses/{course_id}/policy": "editDraft getCourse? getDraft?",
    "GET /teach/courses/{course_id}/preview": "getContent getCourse getDraft getVersion",
    "POST /teach/courses/{course_id}/publish": "getCourse? getDraft? listRuns? publishDraft listQuestionBanks?",
    "POST /teach/courses/{course_id}/start": "getCourse? getDraft? listRuns? startDraft listQuestionBanks?",
    "GET /teach/courses/{course_id}/units/{unit_id}": "getContent getCourse getDraft listTools?",
    "POST /teach/courses/{course_id}/units/{unit_id}": "editDraft getCourse? getDraft? listTools? uploadContent?",
    "POST /teach/preview": "signed-in",
    "GET /teach/runs/{run_id}": (
        "getRun getRunDashboard getUngradedWork listAtRisk listUnanswered listModerationCases listNames?"
    ),
    "GET /teach/runs/{run_id}/appeals": "getRun listRunAppeals listNames?",
    "POST /teach/runs/{run_id}/appeals": "answerAppeal getRun? listRunAppeals? listNames?",
    "GET /teach/runs/{run_id}/gradebook": "getRun getRunGradebookMatrix listNames?",
    "GET /teach/runs/{run_id}/gradebook.csv": "getRunGradebookMatrix",
    "GET /teach/runs/{run_id}/gradebook/list": "getRun getRunGradebook listQuizzes listNames?",
    "GET /teach/runs/{run_id}/gradebook/list.csv": "getRunGradebook",
    "GET /teach/runs/{run_id}/gradebook/rows": "getRunGradebookMatrix listNames?",
    "GET /teach/runs/{run_id}/gradebook/{quiz_id}/{learner_id}": "getRun getRunGradebook listNames?",
    "POST /teach/runs/{run_id}/gradebook/{quiz_id}/{learner_id}": "getRun? getRunGradebook? overrideGrade listNames?",
    "GET /teach/runs/{run_id}/grading": "getGradingQueueOfRun getRun listNames?",
    "GET /teach/runs/{run_id}/grading/{quiz_id}/{handle}/{item_id}": "getGradingQueueOfRun getRun listNames?",
    "POST /teach/runs/{run_id}/grading/{quiz_id}/{handle}/{item_id}": (
        "getGradingQueueOfRun? getRun? gradeItem listNames?"
    ),
    "GET /teach/runs/{run_id}/new-quiz": "getRun getVersion listQuestionBanks? listQuestions? getQuestion?",
    "POST /teach/runs/{run_id}/new-quiz": (
        "getRun getVersion? publishQuiz? listQuestionBanks? listQuestions? getQuestion?"
    ),
    "GET /teach/runs/{run_id}/plan": "getCourse getRun getVersion listRoles?",
    "POST /teach/runs/{run_id}/plan": (
        "cloneRun? getCourse? getRun? getVersion? listRoles?"
        " openRun? closeRun? changeCapacity? changeRunVersion? planCohort? grantExtensions?"
    ),
    "GET /teach/runs/{run_id}/questions": "getRun listQuizzes",
    "GET /teach/runs/{run_id}/questions/{quiz_id}": "getItemStatistics getRun",
    "GET /teach/runs/{run_id}/quizzes/{quiz_id}": (
        "getQuizContents getRun getVersion listQuestionBanks? listQuestions? getQuestion?"
    ),
    "POST /teach/runs/{run_id}/quizzes/{quiz_id}": (
        "getQuizContents getRun getVersion? publishQuiz? listQuestionBanks? listQuestions? getQuestion?"
    ),
    "GET /teach/runs/{run_id}/quizzes/{quiz_id}/regrades": "getQuizContents getRun listRegrades",
    "POST /teach/runs/{run_id}/quizzes/{quiz_id}/regrades": "getQuizContents? getRun? listRegrades? proposeRegrade?",
    "GET /teach/runs/{run_id}/quizzes/{quiz_id}/regrades/items/{item_id}": "getQuizContents getRun",
    "POST /teach/runs/{run_id}/quizzes/{quiz_id}/regrades/items/{item_id}": "getQuizContents getRun? proposeRegrade?",
    "GET /teach/runs/{run_id}/quizzes/{quiz_id}/regrades/{regrade_no}": (
        "getQuizContents getRun listRegrades listRegradeChanges? listNames?"
    ),
    "POST /teach/runs/{run_id}/quizzes/{quiz_id}/regrades/{regrade_no}": (
        "commitRegrade getQuizContents? getRun? listRegrades? listRegradeChanges? listNames?"
    ),
    "GET /teach/runs/{run_id}/roster": "getRun listRunLearners listWaitlist listNames?",
    "GET /teach/runs/{run_id}/roster.csv": "listRunLearners",
    "POST /teach/runs/{run_id}/roster/enroll": "getRun? listRunLearners? listWaitlist? enroll listNames?",
    "POST /teach/runs/{run_id}/roster/import": "getRun? importRoster listRunLearners? listWaitlist? listNames?",
    "POST /teach/runs/{run_id}/roster/invite": "getRun? listRunLearners? listWaitlist? inviteToRun listNames?",
    "POST /teach/runs/{run_id}/roster/withdraw": "getRun? listRunLearners? listWaitlist? withdraw listNames?",
    "GET /signin/code": "anyone",
    "GET /signed-in": "signed-in",
    "GET /welcome": "anyone",
    "POST /welcome": "anyone completeRegistration",
    "GET /recover": "anyone",
    "POST /recover": "anyone resetPassword",
    "GET /new-address": "anyone",
    "POST /new-address": "anyone verifyAddress",
    "GET /old-address": "anyone",
    "POST /old-address": "anyone restoreAddress",
    "GET /v1/auth/welcome": "anyone",
    "GET /v1/auth/recover": "anyone",
    "GET /v1/auth/new-address": "anyone",
    "GET /v1/auth/old-address": "anyone",
    "GET /v1/auth/sign-in": "anyone",
    "GET /v1/auth/registration": "anyone",
    "GET /v1/auth/security": "anyone",
    "GET /v1/auth/connected": "anyone",
    "GET /notifications": "listMyNotifications",
    "GET /bell": "getMyUnreadCount",
    "GET /messages/{message_id}": "getMyMessage",
    "GET /teach/runs/{run_id}/messages": "getRun listMessages",
    "POST /teach/runs/{run_id}/messages": (
        "getMessageAudience? getRun? listMessages? listNames? planMessage? undoMessage?"
    ),
    "GET /teach/runs/{run_id}/messages/{message_id}": "getRun listMessages listNames? listReceipts",
    "GET /forum/{run_id}/{thread_id}": "getMyPlayer?",
    "GET /unsubscribe/{token}": "anyone",
    "POST /unsubscribe/{token}": "unsubscribe",
    "POST /notifications": "archiveMyNotification? readMyNotification? readMyNotifications?",
    "GET /search": "anyone searchPublicCatalog? searchForum?",
    "GET /analyze/lineage": "listProjections",
    "GET /analyze/lineage/facts/{type}": "listProjections",
    "GET /analyze/lineage/projections/{name}": "listProjections",
    "GET /analyze/sql": "listAnalyticsViews listSavedQueries",
    "POST /analyze/sql": "askInSql listAnalyticsViews? listSavedQueries?",
    "POST /analyze/sql/file": "askInSql listAnalyticsViews? listSavedQueries?",
    "GET /analyze/sql/queries/{query_id}": "getSavedQuery listAnalyticsViews listSavedQueries",
    "POST /analyze/sql/queries/{query_id}/remove": "removeSavedQuery listAnalyticsViews? listSavedQueries?",
    "POST /analyze/sql/save": "saveQuery? changeSavedQuery? listAnalyticsViews? listSavedQueries?",
    "GET /audit/disputes": "getSignedLogDispute listAppeals getRun?",
    "POST /audit/disputes/log": "resolveSignedLogDispute? getSignedLogDispute? listAppeals? getRun?",
    "GET /audit/disputes/{learner_id}/{run_id}/{appeal_no}": "listLearnerAppeals getRun? getLearnerHistory?",
    "POST /audit/disputes/{learner_id}/{run_id}/{appeal_no}": (
        "answerAppeal? getRun? listLearnerAppeals? getLearnerHistory?"
    ),
    "GET /analyze/projections/{name}/differences": "listDifferences listProjections?",
    "GET /learn/forum": "listMyThreads? searchForum? getRun? getVersion?",
    "GET /learn/runs/{run_id}/forum": "listMentionable getMyPlayer listThreads listTopics",
    "POST /learn/runs/{run_id}/forum": "listMentionable? createThread getMyPlayer? listThreads? listTopics?",
    "GET /learn/runs/{run_id}/forum/{thread_id}/posts/{post_no}": "getMyPlayer listPostVersions",
    "GET /learn/runs/{run_id}/forum/{thread_id}": "listMentionable getMyPlayer getThread listTopics readThread?",
    "POST /learn/runs/{run_id}/forum/{thread_id}": (
        "listMentionable? "
        "getMyPlayer? getThread? listTopics? postReply? editPost? removePost? restorePost? castVote?"
        " acceptAnswer? setThreadLevel? pinThread? closeThread? reopenThread? moveThread? moveToTopic? reportPost?"
        " slowThread?"
    ),
    "GET /learn/runs/{run_id}/moderation": "getMyPlayer getMyModeration",
    "POST /learn/runs/{run_id}/moderation": "withdrawReport? appealDecision? getMyPlayer? getMyModeration?",
    "GET /teach/runs/{run_id}/moderation": "getRun listModerationCases listNames?",
    "GET /teach/runs/{run_id}/forum-rules": "getRun getForumRules",
    "POST /teach/runs/{run_id}/forum-rules": "setForumPace? setForumWords? getRun? getForumRules?",
    "GET /teach/runs/{run_id}/forum-people/{learner_id}": "getRun getForumConduct listNames?",
    "POST /teach/runs/{run_id}/forum-people/{learner_id}": (
        "silenceLearner? endSilence? writeForumNote? removeForumNote? getRun? getForumConduct? listNames?"
    ),
    "GET /admin/forum-words": "getCampusForumWords",
    "POST /admin/forum-words": "setCampusForumWords getCampusForumWords?",
    "GET /teach/runs/{run_id}/unanswered": "getRun listUnanswered listNames?",
    "GET /teach/runs/{run_id}/moderation/{thread_id}/{post_no}": "getRun getModerationOfPost listNames?",
    "POST /teach/runs/{run_id}/moderation/{thread_id}/{post_no}": (
        "decideReports? decideAppeal? getRun? getModerationOfPost? listNames?"
    ),
    "GET /teach/runs/{run_id}/forum/{thread_id}/place": "getRun getThread listTopics listThreads listRuns",
    "POST /teach/runs/{run_id}/forum/{thread_id}/place": (
        "getRun? getThread? listTopics? listThreads? listRuns? moveToTopic? moveToRun? mergeThread? separateThread?"
    ),
    "GET /teach/runs/{run_id}/topics": "getRun listTopics",
    "POST /teach/runs/{run_id}/topics": ("getRun? listTopics? createTopic? changeTopic? orderTopics? archiveTopic?"),
    "GET /teach/runs/{run_id}/forum": "listMentionable getRun getVersion listThreads listTopics",
    "POST /teach/runs/{run_id}/forum": "listMentionable? createThread getRun? getVersion? listThreads? listTopics?",
    "GET /teach/runs/{run_id}/forum/{thread_id}/posts/{post_no}": "getRun getVersion listPostVersions",
    "GET /teach/runs/{run_id}/forum/{thread_id}": "listMentionable getRun getVersion getThread listTopics readThread?",
    "POST /teach/runs/{run_id}/forum/{thread_id}": (
        "listMentionable? "
        "getRun? getVersion? getThread? listTopics? postReply? editPost? removePost? restorePost? castVote?"
        " acceptAnswer? setThreadLevel? pinThread? closeThread? reopenThread? moveThread? moveToTopic? reportPost?"
        " slowThread?"
    ),
}
