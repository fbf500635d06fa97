"""Read models in PostgreSQL: rows, generations, segments, parked keys."""
