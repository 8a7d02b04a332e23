"""Files and messages from other systems.

``message`` parses what arrives on the inbound queue, ``queue`` refuses it, and ``fetch`` downloads
what a message names.
"""
