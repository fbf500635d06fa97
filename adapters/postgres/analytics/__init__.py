"""
SQL for analysts: views in a schema of their own, for a role that can read nothing else.

`VIEWS` says what there is, column by column (docs/analytics.md is held to it); `refresh` makes them and keeps them on
the live generations.
"""

from urllib.parse import quote

from adapters.postgres.analytics.making import keep_fresh, refresh
from adapters.postgres.analytics.question import Parameters, Refused, TooManyRows, ask
from adapters.postgres.analytics.view import Column, View
from adapters.postgres.analytics.views import VIEWS
from adapters.settings import Settings

__all__ = [
    "VIEWS",
    "Column",
    "Parameters",
    "Refused",
    "TooManyRows",
    "View",
    "analyst_url",
    "ask",
    "keep_fresh",
    "refresh",
]


def analyst_url(settings: Settings) -> str:
    """The URL for analysts, with the views' schema as the place where plain names are looked up."""
    joint = "&" if "?" in settings.postgres_analyst_url else "?"
    return f"{settings.postgres_analyst_url}{joint}options={quote(f'-csearch_path={settings.analytics_schema}')}"
