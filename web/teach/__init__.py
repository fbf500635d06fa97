"""The desk of those who teach: their runs, how a run goes, its gradebook, what waits for a grade, who is on it."""

from web.routing import Pages
from web.teach import gradebook, grading, home, questions, roster, run

pages = Pages(home.pages, run.pages, gradebook.pages, grading.pages, roster.pages, questions.pages)
