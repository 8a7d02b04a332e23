"""The comparison of this cluster's backend with the catalog: its legs, and what guards them.

Each leg takes a run (``mcos.model.scrub``) one page on. ``mcos.workers.scrub_backend`` keeps it.
"""
