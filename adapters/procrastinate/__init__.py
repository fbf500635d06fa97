"""Jobs on procrastinate, in the campus's schema: what is derived from facts, and the worker that carries it out."""
