"""What S3 is on the wire: signatures, framing, checksums, XML, errors. Nothing here does I/O."""
