"""
Payment: products and prices, orders, payments, refunds, disputes, subscriptions, and the access that follows from them.

Streams, keys and facts are decided in docs/decisions/0150-money-in-streams.md. Amounts are integers in minor units of
an ISO 4217 currency, always with it.
"""
