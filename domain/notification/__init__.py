"""Notification: what people hear of what concerns them, by which channel, and what has become of it."""

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
    "LASTS",
    "REQUIRED",
    "TEMPLATES",
    "Channel",
    "Inbox",
    "Kind",
    "Notification",
    "NotificationNotFound",
    "NotificationSettings",
    "RequiredKind",
    "Setting",
    "Status",
    "SuppressedBy",
    "Switch",
    "Template",
    "UnfitSwitch",
    "dedupe_key",
    "inbox_stream",
    "notification_id",
    "notification_stream",
    "settings_stream",
]
