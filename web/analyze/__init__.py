"""The desk of analysts: read models and their rules, jobs, parked keys, and which facts there are."""

from web.analyze import facts, home, jobs, parked, projections
from web.routing import Pages

pages = Pages(home.pages, projections.pages, jobs.pages, parked.pages, facts.pages)
