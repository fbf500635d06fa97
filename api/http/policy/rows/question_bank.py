"""
The rows of question banks: who teaches a course, by a role in it or in a run of it, keeps its banks (decisions/0406).

Teachers of courses with which a bank is shared read it. What campus banks are about is for the whole campus only.
"""

from api.http.policy.cells import BY_KEEPERS_OF_BANK, COMMAND, LATER, OF_BANK, READ
from api.http.policy.words import Row

QUESTION_BANK = (
    Row("listQuestionBanks", READ, OF_BANK, LATER),  # those that the user may read
    Row("createQuestionBank", COMMAND, BY_KEEPERS_OF_BANK, LATER),
    Row("renameQuestionBank", COMMAND, BY_KEEPERS_OF_BANK),
    Row("moveQuestionBank", COMMAND, BY_KEEPERS_OF_BANK, LATER),  # the bank, and the course that gets it
    Row("shareQuestionBank", COMMAND, BY_KEEPERS_OF_BANK),
    Row("unshareQuestionBank", COMMAND, BY_KEEPERS_OF_BANK),
    Row("listQuestions", READ, OF_BANK),
    Row("getQuestion", READ, OF_BANK),
    Row("addQuestion", COMMAND, BY_KEEPERS_OF_BANK),
    Row("changeQuestion", COMMAND, BY_KEEPERS_OF_BANK),
    Row("retireQuestion", COMMAND, BY_KEEPERS_OF_BANK, reason=True),
    Row("restoreQuestion", COMMAND, BY_KEEPERS_OF_BANK, reason=True),
    Row("importQuestionFile", COMMAND, BY_KEEPERS_OF_BANK, LATER),
    Row("uploadQuestionFile", COMMAND, BY_KEEPERS_OF_BANK, LATER),
    Row("getQuestionFile", READ, OF_BANK),
)
