"""What is assumed because it cannot be counted in one process: how long things take.

Nothing here was measured on AWS. Bounds of what it is worth: the dollars of a call change by these
figures, its other units do not.
"""

from collections.abc import Mapping

DYNAMODB_READ_MS = 4.0
DYNAMODB_WRITE_MS = 6.0
STAGING_MS: Mapping[str, float] = {
    "PutObject": 35,
    "GetObject": 25,
    "HeadObject": 15,
    "DeleteObject": 20,
}
OTHER_STAGING_MS = 35.0
"""A call that begins, lists, completes or ends a multipart upload."""
SQS_MS = 8.0
START_EXECUTION_MS = 25.0
PUT_EVENTS_MS = 20.0
INVOKE_MS = 10.0
"""What a call of a function by another one takes beside the function itself."""
SECRET_MS = 10.0
STATE_MS = 15.0
"""What a state machine takes between two of its tasks."""

BACKEND_MS: Mapping[str, Mapping[str, float]] = {
    "s3": {"put": 35, "get": 25, "delete": 25},
    "swift": {"put": 120, "get": 80, "delete": 80},
    "ceph": {"put": 120, "get": 80, "delete": 80},
}
"""S3 in the region, Swift and Ceph at 120 ms; what is not named takes as long as ``get``."""

PACED = ("scrub_backend",)
"""Functions that wait for the rate that they keep, which is longer than their calls of a backend
take, several side by side."""

BACKEND_BYTES_A_SECOND: Mapping[str, float] = {"s3": 42e6, "swift": 22e6, "ceph": 22e6}
DIGEST_BYTES_A_SECOND = 65e6
"""What large content takes beside the call: to a backend, and through the digest."""

PROCESSOR_MS = 1.75
PROCESSOR_MS_OF: Mapping[str, float] = {
    "create_object": 6.5,
    "update_object": 6.5,
    "commit_version": 3.0,
    "login": 330.0,
}
TOKEN_PROCESSOR_MS = 0.15
BACKEND_PROCESSOR_MS = 4.0
"""Processor time of a call of a function, of verifying a token, and of a call of a backend's
library: measured on one core of an x86-64 server in November 2026."""

SLOWER = 1.5
"""How much longer a Graviton2 processor takes."""
FULL_PROCESSOR_MB = 1769
"""Memory with which a function has one whole processor; it has less in proportion."""
RUNTIME_MS = 1.0
"""What Lambda itself takes of a call's time."""

COLD = 0.01
COLD_SECONDS = 0.5
"""The share of calls that start cold, and how long a start takes, which is billed too."""

TRACE_ID_BYTES = 55
"""What Powertools adds to a line on Lambda."""
EVENT_BYTES = 26
"""What CloudWatch adds to each line."""
ACCESS_LOG_BYTES = 212
"""The gateway's line of a request: the format is in ``modules/cluster/api.tf``."""

EXPRESS_MB = 64
"""Memory of an execution of small content; it is billed by 100 ms."""

BACKEND_HEADER_BYTES = 900
"""Of a small request to a backend, beside its content and what a replica says of itself."""
REPLY_HEADER_BYTES = 500
"""Of a reply, beside its content."""

PUBLISH_CALLS_A_CHANGE = 0.57
"""Calls of ``publish_changes`` for each change of an object: at ten creates a second over four
shards, since a batch does not wait for more."""

JOURNALED_AT_ONCE = 100
"""Changes of which ``write_journal`` makes one file on each backend: it waits for ten seconds."""
