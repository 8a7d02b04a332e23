"""Every limit of the API, in one place. Sizes are bytes, times are seconds."""

USER_NAME_LENGTH = 64
PASSWORD_CHARACTERS = 1024
PASSWORD_CHARACTERS_MIN = 10
PASSWORD_DISTINCT_MIN = 5
"""Least characters of a new password, and how many of them must differ."""

PASSWORD_WORK = 2**15
"""What makes a password slow to guess: scrypt's N, see ``mcos.auth.passwords``."""

CONTAINER_NAME_BYTES = 256
OBJECT_NAME_BYTES = 1024

CONTENT_BYTES = 4_500_000
"""Largest content that one call carries, in a request or a reply.

A Lambda call carries 6 MiB (6,291,456 bytes) of JSON. In it, content is base64: 4,500,000 bytes
become 6,000,000, which leaves room for headers and path.
"""

EXECUTION_BYTES = 240_000
"""Largest input of an execution, as JSON. Step Functions passes at most 256 KiB (262,144 bytes)
from one state to the next, and on the way come the digests and what became of each replica.
"""

RECORD_BYTES = 300_000
"""A record of an object that has grown beyond takes no further change until some of what it owes is
paid. An item of DynamoDB has at most 400 KiB (409,600 bytes).
"""

TEXT_CONTENT_BYTES = 1_000_000
"""Largest content that a gateway hands over as text, and not as base64.

In JSON a character may become six bytes: ``\\u0000``.
"""

INLINE_CONTENT_BYTES = 128 * 1024
"""Largest content that is sent within a synchronous execution's input (256 KiB of JSON)."""

OBJECT_BYTES = 5 * 1024**4
"""Largest content of an upload: 5 TiB."""

PART_BYTES = 64 * 1024**2
"""Largest replica that is written in one piece; parts of a larger one are at least this large.

A target has nine seconds in an Express execution to write one piece.
"""

PARTS = 10_000
"""Most parts of an upload and of a replica: the limit of S3."""

UPLOAD_PART_BYTES_MIN = 5 * 1024**2
UPLOAD_PART_BYTES_MAX = 5 * 1024**3
"""Size limits of S3 for each part of an upload but the last."""

UPLOAD_SECONDS_MIN = 60
UPLOAD_SECONDS = 7 * 24 * 3600
"""Life of an upload: the default, and the longest."""

UPLOAD_URL_SECONDS = 3600
"""Life of a signed URL of an upload. ``stat_upload`` signs new ones."""

DOWNLOAD_URL_SECONDS = 300
"""Life of a signed URL of a download."""

SHARE_SECONDS_MIN = 60
SHARE_SECONDS = 24 * 3600
SHARE_SECONDS_MAX = 366 * 24 * 3600
"""Life of a share: the shortest, the default, and the longest."""

LISTING_ENTRIES = 1000
"""Most entries of one page of a listing; also the default."""

METADATA_ENTRIES = 90
METADATA_NAME_BYTES = 128
METADATA_VALUE_BYTES = 256
METADATA_BYTES = 4096
CONTENT_TYPE_BYTES = 256
HEADER_BYTES = 512

TOKEN_SECONDS = 3600
SESSION_SECONDS = 7 * 24 * 3600
"""So long after a login its tokens can be exchanged for new ones."""

ENDED_SESSIONS = 20
"""Most sessions that an account can end within the life of a token; with more, all of them end."""

ACCOUNTS_OF_ENDED_SESSIONS = 1000
"""Most accounts whose ended sessions every function knows: it reads them with the registry. Above
that, a token of a session that was ended is good for its hour, and is exchanged for no other."""

WAIT_SECONDS_MIN = 1
WAIT_SECONDS_MAX = 25
"""Longest wait of a synchronous call: an API Gateway integration ends after 30 seconds."""

REGISTRY_AGE_SECONDS = 30
"""For how long a warm function keeps the cluster registry before it reads it again."""

FULL_ACCOUNTS = 1000
"""Most accounts without room left of which every function knows: it reads them with the registry.
Above that, those that have the least left come first."""

QUOTA_WRITE_SECONDS = 30
"""An account may write so much of its rate at once: see ``mcos.model.quotas.Usage.with_writes``."""

QUOTA_MAX = 2**60
"""Largest number of a quota."""

QUOTA_RATE_MIN = 0.01
"""Smallest number of writes per second of a quota: to forbid writing there is ``bytes``."""

SETTLED_SECONDS = 600
"""Streams are taken to have told by then what a scrub has seen: see ``mcos.scrub.census``."""

IDLE_SECONDS = 20
"""Connections that a function has not used for longer are taken to be closed."""

SECRET_AGE_SECONDS = 300
"""For how long a warm function keeps a secret before it reads it again."""

SECRET_RENEWAL_SECONDS = 10
"""A secret of which something says that it has changed is read again, but not more often."""

KEY_PUBLICATION_SECONDS = 2 * SECRET_AGE_SECONDS
"""A new key of tokens is published for so long before it signs: every function has read it then."""

CLOCK_SKEW_SECONDS = 5
"""By so much the clocks of two functions may differ."""

HEALTH_AGE_SECONDS = 180
"""A cluster whose last health check is older counts as DOWN: three checks were due since."""

AWAY_SECONDS = 24 * 3600
"""A backend that was away for longer gets a new snapshot of the catalog: the segments of the
journal that it has missed are not kept for longer."""

COMPARISON_AGE_SECONDS = 1200
"""A catalog that was not compared with any backend for longer may have been set back just now:
health checks compare it every five minutes."""

ADOPTION_SECONDS = 600
"""A cluster whose last health check is older is swept by another one."""

RETENTION_DAYS = 36_500
"""Longest retention of a container."""

POLICY_NAME_LENGTH = 64
POLICY_PARTS = 8
POLICY_REPLICAS = 16
"""Most replicas of a storage policy, summed over its parts."""

WEIGHT_MAX = 1_000_000
"""Largest weight of a cluster; the smallest is 0."""

LABELS = 32
"""Most labels of a cluster, and of ``must`` and ``should`` in a part of a storage policy."""

LABEL_NAME_LENGTH = 64
LABEL_VALUE_LENGTH = 256
CLUSTER_TEXT_LENGTH = 1024
"""Longest address, identifier or name in a cluster's row."""

EXECUTION_SECONDS = 60
"""After so long an execution of a version in one piece has ended: the state machine's timeout."""

LARGE_EXECUTIONS = 10
"""Most executions of one cluster that write replicas in parts at the same time.

Two functions that look at once may start one more each.
"""

JOB_RATE_MIN = 0.1
JOB_RATE_MAX = 1000
JOB_RATE = 20
"""Default number of replicas that a job starts to move per second."""

SWEPT_AFTER_SECONDS = 330
"""The sweeper looks at an object that was not written for so long: longer than any execution of a
version in one piece takes, and than a call waits for one."""

WATCH_SECONDS = 300
"""Each cluster is watched so often: see ``mcos.workers.watch_cluster``."""

SILENT_SECONDS = ADOPTION_SECONDS
UNWATCHED_SECONDS = 4 * WATCH_SECONDS
"""A cluster whose last health check is older, or which was last watched longer ago, is silent."""

DOWN_SECONDS = 600
UNSETTLED_SECONDS = 3600
QUEUE_SECONDS = 3600
JOURNAL_SECONDS = 3600
JOB_SECONDS = 1800
SCRUB_SECONDS = 24 * 3600
SNAPSHOT_SECONDS = 8 * 24 * 3600
"""An operator must know when a backend is down for longer; when an object is unsettled, or lacks a
replica, for longer; when a queue was never empty for longer; when the newest segment on a backend
is older, of which there is one every quarter of an hour; when a job has not gone on for longer;
when a scrub is overdue, or has not gone on, for longer; when the last snapshot is older."""

BACKLOG_MESSAGES = 10_000
"""With more messages that could be worked on, a queue is a concern at once."""
