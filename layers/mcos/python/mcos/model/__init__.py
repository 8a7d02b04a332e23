"""Values and their rules: no I/O, no clock, no environment.

``objects`` is what the catalog records of an object, ``lifecycle`` how it moves on, ``clusters``
who stores replicas and by which policy. Time and new ids are arguments.
"""
