"""Backends, to be read alone: S3, Ceph's RADOS Gateway, OpenStack Swift."""
