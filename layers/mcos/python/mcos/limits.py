"""Every limit of the API, in one place. Sizes are bytes, times are seconds."""

USER_NAME_LENGTH = 64
PASSWORD_CHARACTERS = 1024

PASSWORD_WORK = 2**15
"""What makes a password slow to guess: scrypt's N, see ``mcos.auth.passwords``."""

CONTAINER_NAME_BYTES = 256
OBJECT_NAME_BYTES = 1024

CONTENT_BYTES = 4_500_000
"""Largest content that one call carries, either way.

A Lambda call carries 6 MiB (6,291,456) of JSON. Content travels in it as base64, four bytes for
three, so 4,500,000 bytes of it become 6,000,000 and leave room for headers and path.
"""

INLINE_CONTENT_BYTES = 128 * 1024
"""Largest content that rides inside a synchronous execution's input (256 KiB of JSON)."""

OBJECT_BYTES = 5 * 1024**4
"""Largest content that an upload takes: 5 TiB."""

PART_BYTES = 64 * 1024**2
"""Up to here a replica is one piece; a larger one is written in parts at least as large.

What is one piece is written within the nine seconds that a target has in an Express execution.
"""

PARTS = 10_000
"""Most parts of an upload, and of a replica: what S3 takes."""

UPLOAD_PART_BYTES_MIN = 5 * 1024**2
UPLOAD_PART_BYTES_MAX = 5 * 1024**3
"""What S3 takes as a part of an upload, but the last."""

UPLOAD_SECONDS_MIN = 60
UPLOAD_SECONDS = 7 * 24 * 3600
"""How long an upload may take when nothing else is asked for, and at most."""

UPLOAD_URL_SECONDS = 3600
"""How long a signed URL of an upload is good. New ones can be had."""

DOWNLOAD_URL_SECONDS = 300
"""How long a signed URL of a download is good to begin with."""

LISTING_ENTRIES = 1000
"""Most entries of one page of a listing, and how many are given when none are asked for."""

METADATA_ENTRIES = 90
METADATA_NAME_BYTES = 128
METADATA_VALUE_BYTES = 256
METADATA_BYTES = 4096
CONTENT_TYPE_BYTES = 256

TOKEN_SECONDS = 3600
WAIT_SECONDS_MIN = 1
WAIT_SECONDS_MAX = 25
"""Longest wait of a synchronous call: an API Gateway integration ends after 30 seconds."""

REPLICAS = 3
"""Replicas of an object under the default storage policy."""

REGISTRY_AGE_SECONDS = 30
"""How old a warm function's reading of the cluster registry may become."""

POLICY_NAME_LENGTH = 64
POLICY_PARTS = 8
POLICY_REPLICAS = 16
"""Most replicas of a storage policy, all of its parts together."""

WEIGHT_MAX = 1_000_000
"""Heaviest weight of a cluster; the lightest is 0."""

LABELS = 32
"""Most labels of a cluster, and of each side of a part of a storage policy."""

LABEL_NAME_LENGTH = 64
LABEL_VALUE_LENGTH = 256
CLUSTER_TEXT_LENGTH = 1024
"""Longest address, identifier or name in the row of a cluster."""

JOB_RATE_MIN = 0.1
JOB_RATE_MAX = 1000
JOB_RATE = 20
"""Replicas a second that a job begins to move when none are asked for."""
