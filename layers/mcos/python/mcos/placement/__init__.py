"""Placement: which clusters hold an object's replicas, and why. Pure functions, no I/O.

``resolver`` places, ``seating`` says what a storage policy asks, ``choice`` picks one cluster
after another, ``explanation`` says why, ``moves`` what a drain or a rebalance wants of an object.
"""
