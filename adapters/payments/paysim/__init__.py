"""
paysim: a stand-in for Stripe's API, over real HTTP on loopback, for development and tests.

It knows nothing of Campuslog, and Campuslog knows of it only that it answers as Stripe does.

app        one HTTP request: who asks, idempotency, faults, the answer       routes     every route, in one table
forms      nested form parameters       errors    Stripe's errors            expand     `expand`, lists, what is shown
store      all objects, in SQLite       clock     the test clock             sim        what the handlers share
cards      test cards                   money     currencies and amounts     balance    fees, balance, payouts
intents charges refunds disputes        sessions pages card_form layout                     products customers methods
subscriptions periods invoices proration                                     timers     what happens by itself
events webhooks deliveries signing      faults    what goes wrong, by chance from a seed       control   /_paysim
"""
