"""
Rebuilding a read model beside the live one, and promoting it.

    build           the steps: tables, bulk, catch_up, write, index, digest; then the generation is `ready`
    pool            the processes of a rebuild: started together, heard, and ended together
    process         one of them: folds the log in memory, and writes the rows
    segment_writer  writes these rows, segment by segment
    catch_up        brings a generation that is not live up to a position
    content_digest  digests all rows of a generation as readers see them
    report          generations, processes and times of a rebuild
    promotion       promote, rollback, drop
    selection       the default generation, when no number is given
    lock            one process at a time builds, compares, promotes or drops
    compare         two generations, or a generation and another rule, at one position
    versions        the rows of either, whatever code has built them
    lineage         the facts from which a row that differs was made
"""
