"""The desk of auditors: what was known when, who did what, why a value is what it is, and that nothing was changed."""

from web.audit import disputes, evidence, finding, timeline
from web.routing import Pages

pages = Pages(finding.pages, timeline.pages, evidence.pages, disputes.pages)
