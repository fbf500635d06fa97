"""
Rebuilding a read model beside the one that is served, and switching to it.

    build      tables -> bulk -> catch_up -> write -> index -> digest; then the generation is `ready`
    process    what one process does of it: the fold over the log in memory, and the rows into bare tables
    switch     promote, rollback: the tail, and one pointer
    turn       one rebuild of a read model at a time
"""
