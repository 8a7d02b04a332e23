"""The life of a version, in the order of its modules.

``make`` makes, places and stages it; ``accept`` has the catalog accept it, and ``take`` confirms
its container then; ``replicate`` has its replicas written by an ``execution``, at once or from the
``replicate_queue``; ``commit`` records them; ``dispose`` removes versions that no reader can see.
``upload`` makes a version of content that is in staging, and ``loans`` are for one that is copied
from another.
"""
