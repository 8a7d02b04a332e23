"""The operators' calls, one module a resource: clusters, storage policies, accounts, jobs.

They are for admins alone: whoever calls them makes sure of it first, by ``guard.require_admin``.
"""
