"""Names on the command line: locations, patterns, folders, sizes."""
