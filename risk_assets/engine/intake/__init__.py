"""Files read strictly, row by row of SQL: rules, quarantine, merging."""
