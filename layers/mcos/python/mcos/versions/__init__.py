"""The life of a version, in the order of its modules.

``make`` makes, places and stages it; ``take`` confirms its container once it is accepted;
``replicate`` has its replicas written by an ``execution``, at once or from the
``replicate_queue``; ``commit`` records them; ``dispose``
removes versions that no reader can see. ``upload`` makes a version of content that is in staging.
"""
