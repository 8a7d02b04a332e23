"""Values and their rules: no I/O, no clock, no environment.

``objects`` has the record of an object, ``lifecycle`` the transitions of that record, ``clusters``
the clusters and storage policies. Time and new ids are arguments.
"""
