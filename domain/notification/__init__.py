"""Notification: what people hear of what concerns them, by which channel, and what has become of it."""

from domain.notification.digest import Digest, DigestStatus, digest_stream
from domain.notification.inbox import Inbox, inbox_stream
from domain.notification.message import (
    Addressees,
    BadMessage,
    MessageLeft,
    MessageNotFound,
    StaffMessage,
    message_stream,
)
from domain.notification.notification import (
    Notification,
    NotificationNotFound,
    Status,
    SuppressedBy,
    dedupe_key,
    notification_id,
    notification_stream,
    unnamed_cause,
)
from domain.notification.reminders import DEADLINE_LEAD, Reminders, is_near, near_deadline, reminders_stream
from domain.notification.round import Round, round_stream
from domain.notification.schedule import (
    EVERY,
    DigestRule,
    QuietHours,
    UnfitDigest,
    UnfitQuietHours,
    Window,
    quiet_until,
    windows,
    zone_of,
)
from domain.notification.settings import (
    NotificationSettings,
    RequiredKind,
    Setting,
    Switch,
    UnfitSwitch,
    settings_stream,
)
from domain.notification.templates import LASTS, REQUIRED, TEMPLATES, Channel, Kind, Template

__all__ = [
    "DEADLINE_LEAD",
    "EVERY",
    "LASTS",
    "REQUIRED",
    "TEMPLATES",
    "Addressees",
    "BadMessage",
    "Channel",
    "Digest",
    "DigestRule",
    "DigestStatus",
    "Inbox",
    "Kind",
    "MessageLeft",
    "MessageNotFound",
    "Notification",
    "NotificationNotFound",
    "NotificationSettings",
    "QuietHours",
    "Reminders",
    "RequiredKind",
    "Round",
    "Setting",
    "StaffMessage",
    "Status",
    "SuppressedBy",
    "Switch",
    "Template",
    "UnfitDigest",
    "UnfitQuietHours",
    "UnfitSwitch",
    "Window",
    "dedupe_key",
    "digest_stream",
    "inbox_stream",
    "is_near",
    "message_stream",
    "near_deadline",
    "notification_id",
    "notification_stream",
    "quiet_until",
    "reminders_stream",
    "round_stream",
    "settings_stream",
    "unnamed_cause",
    "windows",
    "zone_of",
]
