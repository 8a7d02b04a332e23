"""The journal: the catalog's changes on every backend, from which all of it is read without AWS.

It is written behind every change by a reader of the tables' streams, in no call's path. ``rescue/``
reads it, and needs nothing of this library.
"""
