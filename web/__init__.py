"""
Pages for people: learner, instructor, auditor, analyst, admin and visitor.

A page is a client of the API in the same process (`client`): what it shows and what it sends goes through the routes,
their policy and their read models, and there is no second way to data. It is drawn on the server (`rendering`), works
without JavaScript, and htmx changes it in place where there is some. `page` is one request for a page, `routing` a list
of pages, `words` its languages, `app` the API with all pages.
"""

from adapters.gc_tuning import look_seldom

look_seldom()  # what is imported from here on are hundreds of thousands of objects that live to the end
