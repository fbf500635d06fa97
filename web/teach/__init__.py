"""The desk of those who teach: their runs, how a run goes, its gradebook, what is to grade, and what they write."""

from web.routing import Pages
from web.teach import (
    about,
    appeals,
    bank_questions,
    banks,
    course,
    courses,
    forum,
    forum_rules,
    gradebook,
    grading,
    home,
    messages,
    moderation,
    place,
    plan,
    policy,
    questions,
    quizzes,
    regrades,
    roster,
    run,
    topics,
    units,
    versions,
)

OF_RUNS = (home, run, gradebook, grading, roster, questions, quizzes, regrades, appeals, messages, plan)
OF_FORUM = (forum, topics, place, moderation, forum_rules)
OF_AUTHORS = (courses, course, about, units, policy, versions, banks, bank_questions)
pages = Pages(*(each.pages for each in (*OF_RUNS, *OF_FORUM, *OF_AUTHORS)))
