"""
Rebuilding a read model beside the one that is served, and switching to it.

    build      tables -> bulk -> catch_up -> write -> index -> digest; then the generation is `ready`
    team       its processes: started, listened to, ended together
    process    what one of them does: the fold over the log in memory, and the rows into bare tables
    rows       these rows, written segment by segment
    report     what a rebuild has done, and how long it took
    content    all rows of a generation as readers see them, and their digest
    switch     promote, rollback: the tail, and one pointer
    turn       one rebuild of a read model at a time
    compare    two generations, or a generation and a what-if, at one position
    sides      the rows of either side, whatever code has built it
    behind     the facts behind rows that differ
"""
