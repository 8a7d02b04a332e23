"""The environment of functions whose AWS is moto, set before anything of ``mcos`` is imported.

Import this first: the table names are read when ``mcos.catalog.tables`` is imported, and nothing
may reach a real endpoint.
"""

import json
import os

PREFIX = "mcos"
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
CLUSTERS = ("s3", "swift", "ceph")
MORE_CLUSTERS = ("swift-2", "s3-2")
"""They are there, but linked only by tests that ask for it."""

ALL_CLUSTERS = (*CLUSTERS, *MORE_CLUSTERS)

REGIONS: dict[str, str] = {}
"""Where clusters are that are not in REGION: see ``Cloud.spread``."""

QUEUES = ("inbound", "repair", "replicate")
"""Of each cluster; each has one for dead letters."""

for _name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "LOCALSTACK_HOST"):
    os.environ.pop(_name, None)

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION=REGION,
    AWS_REGION=REGION,
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    MCOS_TABLE_PREFIX=PREFIX,
    POWERTOOLS_SERVICE_NAME="mcos",
    MCOS_METRICS_NAMESPACE="MCOS",
    # Moto's: parts of a few bytes, kept in memory.
    S3_UPLOAD_PART_MIN_SIZE="1",
    MOTO_S3_DEFAULT_KEY_BUFFER_SIZE=str(16 * 1024 * 1024),
    # Only what was not foreseen, so that a failing test shows its traceback.
    POWERTOOLS_LOG_LEVEL="ERROR",
)


def region_of(cluster: str) -> str:
    """Where a cluster's functions, queues and staging bucket are."""
    return REGIONS.get(cluster, REGION)


def inbound_url(cluster: str, suffix: str = "") -> str:
    """URL of a cluster's inbound queue, or of its dead-letter queue."""
    return f"https://sqs.{region_of(cluster)}.amazonaws.com/{ACCOUNT_ID}/{PREFIX}-{cluster}-inbound{suffix}"


def cluster_environment(cluster: str, prefer: str = "respond-async") -> dict[str, str]:
    """What the functions of a cluster are told by their deployment, but for two."""
    region = region_of(cluster)
    queue = f"https://sqs.{region}.amazonaws.com/{ACCOUNT_ID}/{PREFIX}-{cluster}"
    machine = f"arn:aws:states:{region}:{ACCOUNT_ID}:stateMachine:{PREFIX}-{cluster}"
    return {
        "MCOS_CLUSTER": cluster,
        "MCOS_STAGING_BUCKET": f"{PREFIX}-{cluster}-staging-{ACCOUNT_ID}",
        "MCOS_STATE_MACHINE_ARN": f"{machine}-replicate-object",
        "MCOS_LARGE_STATE_MACHINE_ARN": f"{machine}-replicate-large",
        "MCOS_REPLICATE_QUEUE_URL": f"{queue}-replicate",
        "MCOS_REPAIR_QUEUE_URL": f"{queue}-repair",
        "MCOS_TOKEN_KEY_SECRET": f"{PREFIX}/token-key",
        "MCOS_SIGNING_KEYS_PARAMETER": f"/mcos/signing-keys/{PREFIX}/token-key",
        "MCOS_BACKEND": cluster,
        "MCOS_BACKEND_SECRET": f"{PREFIX}/{cluster}/backend",
        "MCOS_DEFAULT_PREFER": prefer,
        "MCOS_RELEASE": "0.1.0+000000000000",
        "MCOS_INBOUND_QUEUE_URL": inbound_url(cluster),
        "MCOS_INBOUND_DLQ_URL": inbound_url(cluster, "-dlq"),
        "MCOS_WATCHED_QUEUES": json.dumps(
            {
                "queues": {name: f"{queue}-{name}" for name in QUEUES},
                "dead_letters": {name: f"{queue}-{name}-dlq" for name in QUEUES},
            }
        ),
    }
