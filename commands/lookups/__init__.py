"""
What one context may know of another: read, never written. One module for each context that others look at.

A command looks at another context's aggregates through these functions, and at nothing else of it. When the monolith is
taken apart, each of them becomes a call to the other service. Effects go by facts and reactions only.
"""
