"""The life of a version, in the order of its modules.

``make`` names and places it, ``take`` has the catalog accept it, ``replicate`` has its replicas
written by an ``execution``, ``commit`` records them, ``dispose`` removes what nobody can see any
more. ``upload`` makes a version of content that was sent to staging.
"""
