"""Read models as of any moment: the rows of one key folded on request, and queries over such rows."""
