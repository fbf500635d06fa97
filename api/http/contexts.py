"""
Which context serves a path: `campus serve --contexts` runs some of them, and the gateway finds an instance that does.

A router belongs to the context that its tag names. Read models and what operators and auditors look at have no context
of their own; the table says with which one they are served.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi.routing import APIRoute

SERVED_WITH: Mapping[str, str] = {
    "gradebook": "progress",
    "attention": "progress",
    "dashboards": "progress",
    "overview": "progress",
    "events": "progress",
    "player": "progress",
    "viewing": "progress",
    "study": "progress",
    "appeals": "progress",
    "attempts": "quiz",
    "grade_import": "quiz",
    "grading": "quiz",
    "item_statistics": "quiz",
    "regrades": "quiz",
    "question_bank": "quiz",
    "roster": "enrollment",
    "names": "enrollment",
    "deadlines": "enrollment",
    "deliveries": "user",
    "seats": "enrollment",
    "roster_import": "enrollment",
    "run_invitations": "enrollment",
    "lti": "progress",
    "analytics": "admin",
    "disputes": "admin",
    "ledger": "payment",
    "account": "user",
    "accounts": "user",
    "account_export": "user",
    "invitations": "user",
    "roles": "user",
    "notification": "user",
    "mail_schedule": "user",
    "mailbox": "user",
    "clients": "auth",
    "dev_login": "auth",
    "announcements": "admin",
    "as of": "admin",
    "audit": "admin",
    "bulk": "admin",
    "bulk_jobs": "admin",
    "campus_settings": "admin",
    "credentials": "progress",
    "transcripts": "progress",
    "dossiers": "admin",
    "facts": "admin",
    "history": "admin",
    "imports": "admin",
    "looks": "admin",
    "operations": "admin",
    "proofs": "admin",
    "policy": "admin",
    "replay": "admin",
    "rules": "admin",
    "webhooks": "admin",
    "why": "admin",
}
EVERYWHERE = "health"
"""The tag of what each process answers for itself."""

ANY = "{}"
"""A part of a path that stands for any text."""


class UnknownContext(Exception):
    """There is no context of this name; the message says which there are."""


class ContextMap:
    """The context of each path of an application."""

    def __init__(self, routes: Iterable[Any]) -> None:
        self._tree: dict[str, Any] = {}
        self.names: frozenset[str] = frozenset()
        for route in routes:
            if isinstance(route, APIRoute) and route.tags:
                self._add(route.path, SERVED_WITH.get(str(route.tags[0]), str(route.tags[0])))

    def of(self, path: str) -> tuple[str, str] | None:
        """The context that serves *path*, and the template of its route; None if no route is there."""
        return _find(self._tree, path.split("/"), 0)

    def chosen(self, text: str) -> frozenset[str]:
        """
        The contexts of a list with commas between.

        Raises:
            UnknownContext: one of them is none.
        """
        names = frozenset(name.strip() for name in text.split(",") if name.strip())
        if not names or names - self.names:
            wrong = ", ".join(sorted(names - self.names)) or "nothing"
            raise UnknownContext(f"no context is called {wrong}: there are {', '.join(sorted(self.names))}")
        return names

    def _add(self, path: str, context: str) -> None:
        if context == EVERYWHERE:
            return
        self.names |= {context}
        node = self._tree
        for part in path.split("/"):
            node = node.setdefault(ANY if part.startswith("{") else part, {})
        known = node.setdefault("", (context, path))
        if known[0] != context:
            raise ValueError(f"{path} is served by the contexts {known[0]} and {context}")


def _find(node: Mapping[str, Any], parts: list[str], at: int) -> tuple[str, str] | None:
    if at == len(parts):
        found: tuple[str, str] | None = node.get("") if isinstance(node.get(""), tuple) else None
        return found
    for part in (parts[at], ANY) if parts[at] else ("",):
        if isinstance(below := node.get(part), dict) and (found := _find(below, parts, at + 1)) is not None:
            return found
    return None
