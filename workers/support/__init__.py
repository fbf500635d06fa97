"""Tasks, threads and progress reports of all workers."""
