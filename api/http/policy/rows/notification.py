"""Notifications: the inbox of a person, and what to be notified of."""

from api.http.policy.cells import (
    BY_STAFF_OF_RUN,
    COMMAND,
    OF_LEARNERS_ON_RUN,
    OPEN,
    READ,
    TO_ADMINS,
    TO_ALL,
    TO_ITSELF,
    USER,
)
from api.http.policy.words import Row

NOTIFICATION = (
    Row("listMyNotifications", READ, TO_ITSELF, USER, impersonated=True),
    Row("getMyUnreadCount", READ, TO_ITSELF, USER, impersonated=True),
    Row("readMyNotifications", COMMAND, TO_ITSELF, USER),
    Row("readMyNotification", COMMAND, TO_ITSELF, USER),
    Row("archiveMyNotification", COMMAND, TO_ITSELF, USER),
    Row("getMyNotificationSettings", READ, TO_ITSELF, USER, impersonated=True),
    Row("changeMyNotificationSettings", COMMAND, TO_ITSELF, USER),
    Row("getMyMailSchedule", READ, TO_ITSELF, USER, impersonated=True),
    Row("changeMyMailSchedule", COMMAND, TO_ITSELF, USER),
    Row("getMyMailbox", READ, TO_ITSELF, USER, impersonated=True),
    Row("confirmMyMailbox", COMMAND, TO_ITSELF, USER),
    Row("getDeliveryReport", READ, TO_ADMINS),
    Row("listDoubtfulDeliveries", READ, TO_ADMINS),
    Row("listMessages", READ, OF_LEARNERS_ON_RUN),
    Row("getMessageAudience", READ, OF_LEARNERS_ON_RUN),
    Row("planMessage", COMMAND, BY_STAFF_OF_RUN),
    Row("undoMessage", COMMAND, BY_STAFF_OF_RUN),
    Row("listReceipts", READ, OF_LEARNERS_ON_RUN),
    Row("getMyMessage", READ, TO_ITSELF, USER, impersonated=True),
    Row("getMailPreview", READ, TO_ADMINS),
    Row("getMailPreviewHtml", READ, TO_ADMINS),
    Row("unsubscribe", OPEN, TO_ALL),  # by what a mail carries
)
