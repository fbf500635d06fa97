"""
The forum of a run: threads and their posts, for those who have a place on the run and for its staff.

The policy says who is one of the staff of a run (the row of the route, without a learner); all others act for
themselves, and need a place.
"""

from fastapi import APIRouter

from api.forum import (
    conduct,
    live,
    mentions,
    merging,
    moderation,
    own,
    posts,
    reading,
    rules,
    search,
    threads,
    topics,
    unanswered,
    versions,
)

MODULES = (
    *(reading, topics, threads, merging, posts, versions, mentions, live, search, own),
    *(moderation, unanswered, rules, conduct),
)
router = APIRouter()
router.routes.extend(route for module in MODULES for route in module.router.routes)
