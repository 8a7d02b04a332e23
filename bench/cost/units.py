"""Units that are billed, and what they cost."""

from collections import Counter
from collections.abc import Mapping

from bench.cost import prices

Units = Counter[str]
"""How many of each unit; fractions where a share of a call is counted."""

LAMBDA_REQUESTS = "Lambda requests"
LAMBDA_GB_SECONDS = "Lambda GB-s"
WRITE_UNITS = "DynamoDB write units"
INDEX_WRITE_UNITS = "DynamoDB write units of indexes"
READ_UNITS = "DynamoDB read units"
SQS_REQUESTS = "SQS requests"
S3_PUTS = "S3 PUTs of staging"
S3_GETS = "S3 GETs of staging"
EXPRESS_REQUESTS = "Express executions"
EXPRESS_GB_SECONDS = "Express GB-s"
TRANSITIONS = "Standard transitions"
EVENTS = "EventBridge events"
HTTP_REQUESTS = "HTTP API requests"
LOG_BYTES = "log bytes"
SECRET_READS = "Secrets Manager reads"  # noqa: S105  (a name of a unit)
REPLY_BYTES = "reply bytes"
BACKEND_PUTS = "S3 PUTs of a backend"
BACKEND_GETS = "S3 GETs of a backend"
EGRESS_BYTES = "bytes to Swift and Ceph"
OTHER_REQUESTS = "requests to Swift and Ceph"
BACKEND_BYTES = "bytes to the S3 backend"

PRICES: Mapping[str, float] = {
    LAMBDA_REQUESTS: prices.LAMBDA_REQUEST,
    LAMBDA_GB_SECONDS: prices.LAMBDA_GB_SECOND,
    WRITE_UNITS: prices.DYNAMODB_WRITE_UNIT,
    INDEX_WRITE_UNITS: prices.DYNAMODB_WRITE_UNIT,
    READ_UNITS: prices.DYNAMODB_READ_UNIT,
    SQS_REQUESTS: prices.SQS_REQUEST,
    S3_PUTS: prices.S3_PUT,
    S3_GETS: prices.S3_GET,
    EXPRESS_REQUESTS: prices.EXPRESS_REQUEST,
    EXPRESS_GB_SECONDS: prices.EXPRESS_GB_SECOND,
    TRANSITIONS: prices.STANDARD_TRANSITION,
    EVENTS: prices.EVENT,
    HTTP_REQUESTS: prices.HTTP_REQUEST,
    LOG_BYTES: prices.LOG_BYTE,
    SECRET_READS: prices.SECRET_READ,
    REPLY_BYTES: prices.BYTE_OUT,
}
"""What MCOS itself costs."""

STORING: Mapping[str, float] = {
    BACKEND_PUTS: prices.S3_PUT,
    BACKEND_GETS: prices.S3_GET,
    EGRESS_BYTES: prices.BYTE_OUT,
}
"""What any three writes to the three services cost.

Swift's and Ceph's requests cost what their provider takes, and bytes to S3 nothing: they are
counted and have no price.
"""


def dollars(units: Units, table: Mapping[str, float] = PRICES) -> float:
    """What units cost by a table of prices; others cost nothing by it."""
    return sum(table[name] * number for name, number in units.items() if name in table)


_GROUPS = {
    "Lambda time": (LAMBDA_GB_SECONDS,),
    "Lambda calls": (LAMBDA_REQUESTS,),
    "DynamoDB": (WRITE_UNITS, INDEX_WRITE_UNITS, READ_UNITS),
    "logs": (LOG_BYTES,),
    "HTTP API": (HTTP_REQUESTS, REPLY_BYTES),
    "Step Functions": (EXPRESS_REQUESTS, EXPRESS_GB_SECONDS, TRANSITIONS),
    "SQS": (SQS_REQUESTS,),
    "staging": (S3_PUTS, S3_GETS),
    "events": (EVENTS,),
    "secrets": (SECRET_READS,),
}


def by_service(units: Units) -> dict[str, float]:
    """Dollars of what MCOS itself costs, by what they are spent on, the greatest first."""
    spent = {
        group: sum(PRICES[name] * units[name] for name in names) for group, names in _GROUPS.items()
    }
    return dict(sorted(spent.items(), key=lambda one: -one[1]))
