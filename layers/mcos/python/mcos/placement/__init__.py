"""Placement: which clusters hold an object's replicas, and why. Pure functions, no I/O.

``resolver`` places objects, ``seating`` matches clusters with the parts of a storage policy,
``choice`` picks clusters one after another, ``explanation`` explains a placement to people, and
``moves`` plans a drain or a rebalance.
"""
