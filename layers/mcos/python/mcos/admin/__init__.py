"""The operators' calls, one module a resource: clusters, storage policies, accounts, jobs.

They are for admins only: callers must check that first, with ``guard.require_admin``.
"""
