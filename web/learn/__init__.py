"""The desk of a learner."""

from web.learn import home
from web.routing import Pages

pages = Pages(home.pages)
