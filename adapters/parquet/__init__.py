"""
The log as Parquet files, for those who analyse it and for those who rebuild from it.

    source      pages of the log, as PostgreSQL sends them
    columns     a page as Arrow columns, and back to the exact bytes
    typed       the own fields of a type as columns
    digest      one digest of all facts, however they are cut into files
    manifest    what an export consists of; a file that it does not name does not count
    writer      the files of one range of positions, one for each type
    convert     gives the files of an older export the columns that they lack
    export      brings a directory up to the head of the log
    check       is an export what its manifest says?
    read        a dataset for analysts, and all facts in the order of the log
    pages       the same for the fold of a rebuild
"""
