"""The gateway: programs speak S3 with it, and it speaks with MCOS as a client of an account."""
