"""MCOS: every object as three replicas on three independent storage services.

This is the library that all functions share. Imports run one way::

    functions  ->  mcos.calls, mcos.admin, mcos.workers
                     ->  mcos.model.lifecycle, mcos.placement.resolver (pure)
                     ->  mcos.catalog, mcos.storage, mcos.staging.bucket (I/O)

It knows neither HTTP nor Lambda events; those are handled in ``functions/``.
"""
