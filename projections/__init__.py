"""Facts to rows, and rows to answers. One module for each read model, and the fold that all of them share."""
