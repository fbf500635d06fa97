"""Notification: what people hear of what concerns them, by which channel, and what has become of it."""

from domain.notification.digest import Digest, DigestStatus, digest_stream
from domain.notification.inbox import Inbox, inbox_stream
from domain.notification.notification import (
    Notification,
    NotificationNotFound,
    Status,
    SuppressedBy,
    dedupe_key,
    notification_id,
    notification_stream,
)
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
    "EVERY",
    "LASTS",
    "REQUIRED",
    "TEMPLATES",
    "Channel",
    "Digest",
    "DigestRule",
    "DigestStatus",
    "Inbox",
    "Kind",
    "Notification",
    "NotificationNotFound",
    "NotificationSettings",
    "QuietHours",
    "RequiredKind",
    "Setting",
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
    "notification_id",
    "notification_stream",
    "quiet_until",
    "settings_stream",
    "windows",
    "zone_of",
]
