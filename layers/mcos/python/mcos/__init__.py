"""MCOS: every object as three replicas on three independent storage services.

This is the library that all functions share. Arrows run one way::

    functions  ->  mcos.calls, mcos.admin, mcos.workers
                     ->  mcos.model.lifecycle, mcos.placement.resolver (pure)
                     ->  mcos.catalog, mcos.storage, mcos.staging.bucket (I/O)

It knows no HTTP and no Lambda event; those live in ``functions/``.
"""
