"""
Who may do what: one table as data, and one place that asks it.

    words       roles, relations to a thing, proofs
    rows        the table: a row for each route, in a module for each group
    decision    the table as dicts, and what it says of a user and a thing
    guard       asks it for each request, before the route
    shown       the table to read: over HTTP, on a terminal, in docs/security/policy.md
"""
