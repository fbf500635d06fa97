"""Facts and rules: pure, synchronous, without I/O. One module for each context."""
