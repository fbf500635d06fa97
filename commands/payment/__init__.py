"""
Use cases of payment. What changes together is one append: an order and its coupon, a capture and its order, a refund
and what is reserved for it.
"""
