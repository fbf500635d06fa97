"""
Every field in which people can write markup (free_text.py): how it is written, and on which pages it is looked for.

`WRITES` are requests in their order, by those who may, on the campus of tests/web/conftest.py; each free field of their
bodies gets a mark of its own. `SEEN` says who sees the field, and where; a mark that no one is shown is looked for on
the page of the fact that has it. `ELSEWHERE` and `CHECKED` say why a field is not looked for.
"""

from collections.abc import Mapping
from typing import Any

from tests.support.every_kind import RUBRIC
from tests.support.written import Write

APP = tuple(
    Write(name, "beginApp", keep=keep, answers={f"factor_{name}": "factor_id", f"secret_{name}": "secret"})
    for name, keep in (("bob", ()), ("dan", ("FactorLabel.label",)))
)
FACT = "/audit/facts/{position}?reason=a+look"
"""Where a field is looked for that no other page shows."""
FAR, LATER, BEGUN = "2126-06-30T00:00:00Z", "2126-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
OPTIONS = [{"option_id": "o1", "text": "one"}, {"option_id": "o2", "text": "two"}]
CHOICE = {"question": {"kind": "single_choice", "question_id": "i1", "text": "Which?", "points": "1",
                       "options": OPTIONS, "hints": ["the first"], "hint_penalty": "1/4"},
          "key": {"kind": "single_choice", "shares": {"o1": "1"}}}  # fmt: skip
ESSAY = {"question": {"kind": "essay", "question_id": "i2", "text": "Why?", "points": "2"},
         "key": {"kind": "essay", "rubric": RUBRIC, "guidance": "Two reasons."}}  # fmt: skip
UPLOAD = {"question": {"kind": "file_upload", "question_id": "i3", "text": "Send it.", "points": "2"},
          "key": {"kind": "file_upload", "rubric": RUBRIC}}  # fmt: skip
UNITS: list[dict[str, Any]] = [
    {"unit_id": "text", "kind": "text", "title": "Read", "content": "{text}"},
    {"unit_id": "film", "kind": "video", "title": "Watch", "content": "{film}", "captions": "{captions}",
     "seconds": 60},
    {"unit_id": "file", "kind": "file", "title": "Save", "content": "{file}"},
    {"unit_id": "plain", "kind": "file", "title": "Save it", "content": "{plain}"},
    {"unit_id": "drawing", "kind": "file", "title": "See", "content": "{drawing}"},
    {"unit_id": "silent", "kind": "video", "title": "Look", "content": "{film}", "seconds": 5},
    {"unit_id": "link", "kind": "link", "title": "Follow", "url": "https://example.org/algebra"},
    {"unit_id": "tool", "kind": "lti", "title": "Try", "url": "https://tool.example/launch",
     "lti": {"tool_id": "tool-marks", "custom": {"level": "hard"}, "resource_id": "task 1", "tag": "first"}},
    {"unit_id": "exam", "kind": "quiz", "title": "Exam", "weight": 10_000, "group": "work", "due_after_days": 2_000},
]  # fmt: skip
POLICY = {"grading_policy": "categories", "groups": [{"group_id": "work", "title": "Work", "weight": 10_000}],
          "letters": [{"letter": "A", "from_bp": 5_000}, {"letter": "F", "from_bp": 0}]}  # fmt: skip
RINGS, RUN, BANK = {"course_id": "rings"}, {"run_id": "{run}"}, {"bank_id": "marks"}
SETS = {"course_id": "sets"}
OF_QUIZ = {"quiz_id": "marked-quiz", "attempt_no": "1"}
TOOL, CLIENT, ENDPOINT = {"tool_id": "tool-marks"}, {"client_id": "service-marks"}, {"endpoint_id": "{endpoint}"}
ADA, BOB, DAN = ({"learner_id": f"{{{each}}}"} for each in ("ada", "bob", "dan"))
NEW_PASSKEY = ("NewPasskey.state", "NewPasskey.credential")

COURSES = (
    Write("admin", "registerTool", body=TOOL),
    Write("admin", "changeTool", TOOL),
    Write("admin", "createCourse", body=RINGS | {"title": "Rings", "summary": "About rings."}),
    Write("admin", "createCourse", body=SETS | {"title": "Sets", "summary": ""},
          keep=("NewCourse.title", "NewCourse.summary")),
    Write("admin", "describeCourse", SETS, {"title": {"old": "Sets", "new": "Logic"},
                                            "summary": {"old": "", "new": "About sets."}},
          keep=("OtherTitle.old", "OtherText.old")),
    Write("admin", "deployTool", TOOL, RINGS),
    Write("admin", "publishVersion", RINGS,
          POLICY | {"units": UNITS, "sections": [{"section_id": "one", "title": "One", "units": [
              each["unit_id"] for each in UNITS]}]}),
    Write("admin", "scheduleRun", body=RINGS | {"run_id": "rings-1", "starts_at": BEGUN, "ends_at": FAR,
                                                "time_zone": "Europe/Berlin", "due_from": "enrollment"},
          keep=("NewRun.time_zone",)),
    Write("admin", "openRun", {"run_id": "rings-1"}),
    Write("ada", "enroll", body={"run_id": "rings-1"}, answers={"enrolled": "position"}),
    Write("admin", "scheduleRun", body={"course_id": "{course}", "run_id": "second", "starts_at": BEGUN,
                                        "ends_at": FAR}),
    Write("admin", "openRun", {"run_id": "second"}),
    Write("admin", "startDraft", RINGS),
    Write("admin", "editDraft", RINGS, {"edits": [{"op": "add_section", "section_id": "two", "title": "Two"},
                                                 {"op": "rename_section", "section_id": "one", "title": "First"}]}),
    Write("admin", "planCohort", {"run_id": "rings-1"}, {"begins_at": LATER}),
    Write("admin", "undeployTool", TOOL, RINGS),
    Write("admin", "endTool", TOOL),
)  # fmt: skip
QUIZZES = (
    Write("admin", "createQuestionBank", body=BANK | RINGS),
    Write("admin", "renameQuestionBank", BANK),
    Write("admin", "addQuestion", BANK, answers={"question": "question_id"}),
    Write("admin", "addQuestion", BANK, ESSAY | {"title": "Stays"},
          answers={"stays": "question_id"}),
    Write("admin", "retireQuestion", BANK | {"question_id": "{question}"}),
    Write("admin", "importQuestionFile", BANK, {"file": "{gift}", "dry_run": False, "course_id": None},
          keep=("FileToImport.file",)),
    Write("admin", "publishQuiz", body={
        "quiz_id": "marked-quiz", "run_id": "{run}", "unit_id": "q1", "title": "=canary('quiz')",
        "items": None, "key": None, "attempts_allowed": 2, "questions": [CHOICE, ESSAY, UPLOAD],
        "rules": {"honour": "I work alone.", "networks": ["0.0.0.0/0", "::/0"]},
        "sections": [{"section_id": "a", "title": "First part", "items": ["i1", "i2", "i3"]}]},
        keep=("NewRules.networks",)),
    Write("admin", "publishQuiz", body={"quiz_id": "old-quiz", "run_id": "{run}", "unit_id": "q2",
                                       "title": "Old"}),
    Write("admin", "grantAllowance", {"quiz_id": "marked-quiz"}, ADA),
    Write("ada", "startAttempt", {"quiz_id": "marked-quiz"}),
    Write("ada", "startAttempt", {"quiz_id": "old-quiz"}),
    Write("ada", "saveAnswer", OF_QUIZ | {"item_id": "i2"}, {"response": {"kind": "essay", "text": "It is so."}}),
    Write("ada", "saveAnswer", OF_QUIZ | {"item_id": "i3"},
          {"response": {"kind": "file_upload", "files": ["{handed_in}"]}}),
    Write("ada", "submitAttempt", OF_QUIZ, {"responses": None}),
)  # fmt: skip
GRADES = (
    Write("admin", "gradeItem", {"quiz_id": "marked-quiz", "handle": "{handle}", "item_id": "i2"},
          {"earned": None, "levels": {"proof": "whole"}}, keep=("NewMark.levels",)),
    Write("admin", "gradeItem", {"quiz_id": "marked-quiz", "handle": "{handle}", "item_id": "i3"},
          {"earned": "1", "levels": None}),
    Write("admin", "overrideGrade", OF_QUIZ, ADA),
    Write("admin", "proposeRegrade", {"quiz_id": "marked-quiz"}, {"items": [
        {"item_id": "i2", **ESSAY}]}),
    Write("admin", "decideOutcome", body=ADA | {"run_id": "{run}", "outcome": "fail"}),
    Write("ada", "makeAppeal", body={"run_id": "{run}"}),
    Write("admin", "answerAppeal", ADA | {"run_id": "{run}", "appeal_no": "1"},
          {"granted": False, "outcome": None}),
    Write("admin", "importGrades", RUN, {"file": "{grades}", "dry_run": False}, keep=("GradesToImport.file",)),
)  # fmt: skip
PLACES = (
    Write("admin", "grantExtensions", RUN, {"learner_ids": ["{ada}"], "unit_id": "q2", "new_due": FAR}),
    Write("admin", "withdrawExtensions", RUN, {"learner_ids": ["{ada}"], "unit_id": "q2"}),
    Write("bob", "enroll", body={"run_id": "{run}"}),
    Write("admin", "suspendEnrollment", body=BOB | {"run_id": "{run}"}),
    Write("admin", "resumeEnrollment", body=BOB | {"run_id": "{run}"}),
    Write("admin", "transfer", body=BOB | {"run_id": "{run}", "to_run": "second"}),
    Write("bob", "withdraw", body={"run_id": "second"}),
    Write("admin", "inviteToRun", RUN, {"email": "cleo@example.org", "display_name": "Cleo"},
          keep=("NewRunInvitation.email",)),
    Write("admin", "importRoster", RUN, {"file": "{roster}", "reason": "a class", "dry_run": False},
          keep=("RosterToImport.file",)),
    Write("admin", "prepareBulk", body={"kind": "enroll", "csv": "{lines}"}, keep=("LinesToPrepare.csv",),
          answers={"job": "job_id"}),
    Write("admin", "startBulk", {"job_id": "{job}"}),
)  # fmt: skip
CAMPUS = (
    Write("admin", "changeSetting", body={"name": "campus_name", "value": "The campus"}),
    Write("admin", "publishAnnouncement", body={"scope": "campus"}, answers={"announcement": "announcement_id"}),
    Write("admin", "publishAnnouncement", body={"scope": "campus"}, answers={"gone": "announcement_id"}),
    Write("admin", "changeAnnouncement", {"announcement_id": "{announcement}"}, {"until": FAR}),
    Write("admin", "publishAnnouncement", body={"scope": "campus"}),
    Write("admin", "withdrawAnnouncement", {"announcement_id": "{gone}"}),
    Write("admin", "registerClient", body=CLIENT),
    Write("admin", "addCredential", CLIENT, answers={"credential": "credential_id"}),
    Write("admin", "removeCredential", CLIENT | {"credential_id": "{credential}"}),
    Write("admin", "makeWebhook", keep=("WebhookToMake.types",), answers={"endpoint": "endpoint_id"}),
    Write("admin", "changeWebhook", ENDPOINT, {"url": "https://crm.example/hooks", "description": "CRM"},
          keep=("WebhookToChange.types",)),
    Write("admin", "rotateWebhookSecret", ENDPOINT),
    Write("admin", "replayWebhook", ENDPOINT, {"last": 2}),
    Write("admin", "resendToWebhook", ENDPOINT, {"position": "{enrolled}"}),
    Write("admin", "disableWebhook", ENDPOINT),
    Write("analyst", "saveQuery", body={"sql": "SELECT 1 AS one"}, answers={"query": "query_id"}),
    Write("admin", "rebuildProjection", {"name": "catalog"}, answers={"rebuild": "job_id"}),
    Write("admin", "stopProjectionJob", {"job_id": "{rebuild}"}),
    Write("admin", "promoteProjection", {"name": "roles"}, {"generation": None}),
    Write("admin", "rollBackProjection", {"name": "inbox"}),
)  # fmt: skip
OF_THREAD = RUN | {"thread_id": "{thread}"}
SECOND = OF_THREAD | {"post_no": "2"}
FORUM = (
    Write("admin", "createTopic", RUN, {"cohort_id": None}),
    Write("admin", "changeTopic", RUN | {"topic_id": "general"}),
    Write(
        "admin",
        "planMessage",
        RUN,
        {"addressees": "on_run", "cohort_id": None, "wait_minutes": 60},
        keep=("MessageText.language",),
        answers={"message": "message_id"},
    ),
    Write("ada", "createThread", RUN, {"topic_id": "general"}, answers={"thread": "thread_id"}),
    Write("ada", "postReply", OF_THREAD),
    Write("ada", "editPost", RUN | {"thread_id": "{thread}", "post_no": "1"}, {"title": "Why?"}),
    Write("admin", "reportPost", SECOND, {"ground": "rude"}),
    Write("admin", "decideReports", SECOND, {"case_no": 1, "decision": "warned", "ground": "rude"}),
    Write("ada", "appealDecision", SECOND, {"case_no": 1}),
    Write("admin", "writeForumNote", RUN | ADA),
    Write("admin", "decideAppeal", SECOND, {"case_no": 1, "upheld": False}),
)
SHOP = (
    Write("admin", "createProduct", body={"product_id": "marks", "kind": "run", "course_id": "rings",
                                          "run_id": "rings-1"}),
    Write("admin", "changePrice", {"product_id": "marks"}),
    Write("bob", "placeOrder", body={"product_id": "marks", "coupon": None}, answers={"order": "order_id"}),
    Write("bob", "cancelOrder", {"order_id": "{order}"}),
    Write("admin", "retireProduct", {"product_id": "marks"}),
    Write("admin", "createCoupon", body={"coupon_id": "MARKS"}),
    Write("admin", "retireCoupon", {"coupon_id": "MARKS"}),
    Write("admin", "grantEntitlement", body=BOB | {"runs": ["rings-1"], "entitlement_id": "gift"}),
    Write("admin", "revokeEntitlement", BOB | {"entitlement_id": "gift"}),
)  # fmt: skip
FAILED = (
    Write("admin", "dismissReaction", {"position": "7", "reaction": "grade_by_key"}),
    Write("admin", "dismissJob", {"job_id": "{failed_job}"}),
    Write("admin", "skipParked", body={"projection": "gradebook", "key": "ann", "position": None},
          keep=("FactToSkip.key",)),
)  # fmt: skip
"""What is said of what has failed, which a test puts into the tables where it is kept."""
PEOPLE = (
    Write("bob", "changeProfile", body={"display_name": "=canary('bob')"}),
    Write("bob", "addPasskey", body={"state": "{challenge}", "credential": "{credential_of_bob}"}, keep=NEW_PASSKEY),
    Write("eve", "completeRegistration", body={"token": "{token}"}, keep=("Completion.token", "Completion.password")),
    Write("bob", "issueToken"),
    Write("bob", "beginAppTokens"),
    Write("admin", "invite", body={"email": "dora@example.org", "display_name": "Dora", "run_id": "{run}"},
          keep=("NewInvitation.email", "NewInvitation.language", "NewInvitation.time_zone"),
          answers={"dora": "learner_id"}),
    Write("admin", "grantRole", body=DAN | {"role": "assistant", "scope": "run:rings-1", "until": None}),
    Write("admin", "grantRole", body=DAN | {"role": "analyst", "scope": "campus", "until": None}),
    Write("admin", "revokeRole", body=DAN | {"role": "analyst", "scope": "campus"}),
    Write("auditor", "breakGlass", ADA, {"until": "{soon}"}),
    Write("admin", "breakGlass", {"learner_id": "{cleo}"}, {"until": "{soon}"}),
    Write("admin", "breakGlass", {"learner_id": "{dora}"}, {"until": "{soon}"}),
    Write("admin", "findAccount", body={"email": "dan@example.org"}, keep=("AddressToFind.email",)),
    Write("acting", "impersonate", BOB),
    Write("admin", "removeLostFactors", DAN),
    Write("admin", "suspendAccount", DAN),
    Write("admin", "reinstateAccount", DAN),
)  # fmt: skip

SEEN: Mapping[str, str] = {
    "AddSection.title": "admin /teach/courses/rings",
    "RenameSection.title": "admin /teach/courses/rings",
    "BankTitle.title": "admin /teach/banks",
    "NewAnnouncement.title": "ada /learn",
    "NewAnnouncement.text": "ada /learn",
    "Saying.title": "ada /learn",
    "Saying.text": "ada /learn",
    "NewReport.words": "admin /teach/runs/{run}/moderation/{thread}/2",
    "NewDecision.words": "ada /learn/runs/{run}/moderation",
    "NewNote.words": "admin /teach/runs/{run}/forum-people/{ada}",
    "NewContest.words": "admin /teach/runs/{run}/moderation/{thread}/2",
    "AppealAnswer.words": "ada /learn/runs/{run}/moderation",
    "NewInvitation.display_name": "admin /admin/people/{dora}",
    "NewRunInvitation.display_name": "admin /admin/people/{cleo}",
    "AddressToFind.reason": "admin /admin/audit?about={dan}",
    "LearnerToActAs.reason": "admin /admin/audit?about={bob}",
    "ProofOfPerson.reason": "auditor /audit/learners/{dan}?reason=a+look",
    "NewCohort.name": "admin /teach/runs/rings-1/plan",
    "NewCourse.title": "visitor /courses/rings",
    "NewCourse.summary": "visitor /courses/rings",
    "OtherTitle.new": "admin /teach/courses/sets/about",
    "OtherText.new": "admin /teach/courses/sets/about",
    "NewGroup.title": "admin /teach/courses/rings/policy",
    "NewLetter.letter": "admin /teach/courses/rings/policy",
    "MessageText.title": "admin /teach/runs/{run}/messages",
    "MessageText.text": "admin /teach/runs/{run}/messages/{message}",
    "NewTopic.name": "ada /learn/runs/{run}/forum",
    "NewTopic.description": "admin /teach/runs/{run}/topics",
    "TopicToChange.name": "ada /learn/runs/{run}/forum",
    "TopicToChange.description": "ada /learn/runs/{run}/forum?topic=general",
    "NewUnit.title": "ada /learn/runs/rings-1",
    "NewUnit.url": "ada /learn/runs/rings-1/units/link",
    "NewContent.name": "ada /learn/runs/rings-1/units/file",
    "NewCaption.label": "admin /teach/courses/rings/units/film",
    "NewLtiLink.custom": "admin /teach/courses/rings/units/tool",
    "NewLtiLink.resource_id": "admin /teach/courses/rings/units/tool",
    "NewLtiLink.tag": "admin /teach/courses/rings/units/tool",
    "api__catalog__structure__NewSection.title": "visitor /courses/rings",
    "NewQuiz.title": "ada /learn/runs/{run}/grades",
    "NewItem.text": "ada /learn/quizzes/old-quiz/attempts/1",
    "NewItem.options": "ada /learn/quizzes/old-quiz/attempts/1",
    "NewRules.honour": "ada /learn/runs/{run}/quizzes/marked-quiz",
    "api__quiz__NewSection.title": "ada /learn/quizzes/marked-quiz/attempts/1",
    "NewQuestion.question": "ada /learn/quizzes/marked-quiz/attempts/1",
    "api__attempts__NewAnswer.response": "ada /learn/quizzes/marked-quiz/attempts/1",
    "NewMark.comment": "ada /learn/quizzes/marked-quiz/attempts/1",
    "NewAppeal.words": "ada /learn/runs/{run}/grades",
    "api__appeals__NewAnswer.words": "ada /learn/runs/{run}/grades",
    "QuestionContent.title": "admin /teach/banks/marks?retired=1",
    "QuestionContent.category": "admin /teach/banks/marks?retired=1",
    "QuestionContent.tags": "admin /teach/banks/marks?retired=1",
    "QuestionContent.question": "admin /teach/banks/marks/questions/{stays}",
    "NewProduct.title": "bob /learn/orders",
    "NewQuery.name": "analyst /analyze/sql",
    "FactorLabel.label": "bob /account/security",
    "NewPasskey.label": "bob /account/security",
    "Completion.display_name": "eve /account",
    "ProfileChanges.display_name": "bob /account",
    "RoleToGrant.reason": "admin /admin/people/{dan}",
    "GlassToBreak.reason": "admin /admin/audit?about={ada}",
    "SettingToChange.value": "admin /admin/settings",
}  # fmt: skip
_SECRET = "is a secret: it is compared, and shown to no one"
_JSON = "is on no page: the API answers it as JSON, to its owner"
_ZONE = "is the name of a time zone that the campus knows"
_ADDRESS = "is an address that mail goes to: the domain takes it only as one"
_FILE = "is a file; what is in it is written by another test of tests/web/test_written.py"
_SERVER = "is said of what a server or a rule has spoilt; it is the member `reason` of a fact, as others here"
CHECKED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "NewStart.password",
            "NewQuiz.password",
            "Completion.token",
            "Completion.password",
            "PasswordChange.new",
            "AddressAndPassword.password",
            "PasswordChange.old",
            "ConfirmedErasure.password",
            "PasswordReset.token",
            "PasswordReset.password",
            "WantedAddress.password",
            "AddressToken.token",
            "UnsubscribeToken.token",
            "SecondStep.pending",
            "Proof.password",
            "PasskeyAnswer.state",
            "PasskeyAnswer.credential",
            "NewPasskey.state",
            "NewPasskey.credential",
            "TokenToRenew.refresh_token",
            "CredentialToAdd.public_key",
            "receiveLogoutToken",
            "issueToolToken",
            "issueClientToken",
        ),
        _SECRET,
    ),
    **dict.fromkeys(
        ("NewRun.time_zone", "ProfileChanges.time_zone", "NewInvitation.time_zone", "Registration.time_zone"), _ZONE
    ),
    **dict.fromkeys(
        ("NewInvitation.email", "NewRunInvitation.email", "AddressToFind.email", "ProfileChanges.notification_address"),
        _ADDRESS,
    ),
    **dict.fromkeys(
        (
            "uploadContent",
            "FileToImport.file",
            "RosterToImport.file",
            "GradesToImport.file",
            "LinesToPrepare.csv",
            "PeopleAsCsv.csv",
        ),
        _FILE,
    ),
    **dict.fromkeys(
        (
            "ResolutionWanted.reason",
            "EventDismissal.reason",
        ),
        _SERVER,
    ),
    **dict.fromkeys(("WantedToken.label", "WantedApp.label"), _JSON),
    **dict.fromkeys(("OtherTitle.old", "OtherText.old"), "has to be what the course says, which NewCourse has"),
    "NewSilence.words": "is said for a time that begins when it is said, and shown as NewNote.words is",
    "NewWords.words": "are words of a list, on a page with a form; tests/web/test_moderation.py types some",
    "NewInvitation.language": "is one of the languages that the campus knows",
    "NewRules.networks": "are addresses of networks",
    **dict.fromkeys(("ChosenSwitch.kind", "ChosenSwitch.channel"), "is a kind or a channel of notifications"),
    **dict.fromkeys(
        ("NewThread.title", "NewThread.text", "NewReply.text", "NewText.title", "NewText.text"),
        "is said in a forum, where tests/web/test_forum.py writes markup",
    ),
    "WebhookToMake.types": "are kinds of facts",
    "WebhookToChange.types": "are kinds of facts",
    "NewMark.levels": "are levels of the rubric",
    "NewDraw.category": "has to be a category of the bank, which is QuestionContent.category",
    "NewDraw.tags": "have to be tags of the bank, which are QuestionContent.tags",
    "RosterToImport.class_id": "has to be a class of the file",
    "LinesToPrepare.fields": "are members of commands, by the names of columns",
    "KeyToRetry.key": "has to be a key that is parked",
    "FactToSkip.key": "has to be a key that is parked",
    "ResolutionWanted.origin": "has to be the name of the tree that is disputed",
    "QuestionInSql.sql": "is typed and shown again on one page, with what PostgreSQL says of it; tests/web/analyze",
    "BulkCommand.body": "is the body of another command",
    "BulkCommand.idempotency_key": "is kept as a hash, and is no answer",
    "receiveStripeEvent": "is signed by the provider",
    "addLineItem": "is sent by a tool, which is known by its key",
    "changeLineItem": "is sent by a tool, which is known by its key",
    "receiveScore": "is sent by a tool, which is known by its key",
    "SubscriptionEnd.reason": "is said of what the provider has begun; as Cancellation.reason",
    "SubscriptionAtOnce.reason": "is said of what the provider has begun; as Cancellation.reason",
    "RefundRequest.reason": "is said of what was paid; pages of paid orders are of tests/api/payment",
    "NewRefundClaim.words": "is said of what was paid; with marks in tests/web/test_every_page.py",
    "NewClaimAnswer.words": "is said of what was paid; with marks in tests/web/test_every_page.py",
    "CredentialTakenBack.reason": "is the member `reason` of a fact, as others here",
}
"""Why a field is not looked for: it is no text that is kept, or another test has it."""
