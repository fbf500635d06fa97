"""The projection engine: it folds facts into rows, live and in bulk, and compares the results."""
