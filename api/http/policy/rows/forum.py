"""The forum of a run: read and written by those who learn and who teach there, decided about by its staff."""

from api.http.policy.cells import BY_GRADERS, BY_THOSE_ON_RUN, COMMAND, LATER, OF_LEARNER_ON_RUN, READ, TO_ITSELF, USER
from api.http.policy.words import Row

FORUM = (
    Row("listTopics", READ, OF_LEARNER_ON_RUN, LATER),
    Row("listThreads", READ, OF_LEARNER_ON_RUN, LATER),
    Row("getUnread", READ, OF_LEARNER_ON_RUN, LATER),
    Row("listMentionable", READ, OF_LEARNER_ON_RUN, LATER),
    Row("getThread", READ, OF_LEARNER_ON_RUN, LATER),
    Row("listMyThreads", READ, TO_ITSELF, USER),
    Row("getMyUnread", READ, TO_ITSELF, USER),
    Row("searchForum", READ, TO_ITSELF, USER),  # finds where the user may list threads
    Row("createThread", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("postReply", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("editPost", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("removePost", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("restorePost", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("castVote", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("acceptAnswer", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("readThread", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("setThreadLevel", COMMAND, BY_THOSE_ON_RUN, LATER),
    Row("pinThread", COMMAND, BY_GRADERS),
    Row("closeThread", COMMAND, BY_GRADERS),
    Row("reopenThread", COMMAND, BY_GRADERS),
    Row("moveThread", COMMAND, BY_GRADERS),
    Row("createTopic", COMMAND, BY_GRADERS),
    Row("changeTopic", COMMAND, BY_GRADERS),
    Row("orderTopics", COMMAND, BY_GRADERS),
    Row("archiveTopic", COMMAND, BY_GRADERS),
    Row("moveToTopic", COMMAND, BY_GRADERS),
)
