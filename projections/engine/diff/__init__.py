"""Two versions of a read model, compared row by row."""
