"""Replicas, one at a time, here or on another cluster: read, signed, copied from, repaired."""
