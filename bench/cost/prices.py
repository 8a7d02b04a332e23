"""What AWS charges: list prices on demand of us-west-2 (Oregon), arm64, without free allowances and
without the discounts of volume, in dollars, as of November 2026.

Each price has the page that it is from. Those of what is billed by calls are the same in us-east-1.
"""

AS_OF = "November 2026"
REGION = "us-west-2"

GB = 2**30
MILLION = 1_000_000

LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.0000133334
"""Arm: https://aws.amazon.com/lambda/pricing/"""

DYNAMODB_WRITE_UNIT = 0.625 / MILLION
DYNAMODB_READ_UNIT = 0.125 / MILLION
"""https://aws.amazon.com/dynamodb/pricing/on-demand/ (what a trigger reads of a stream is free)"""

SQS_REQUEST = 0.40 / MILLION
"""Of up to 64 KB: https://aws.amazon.com/sqs/pricing/"""

S3_PUT = 5.00 / MILLION
S3_GET = 0.40 / MILLION
"""Of S3 Standard; PUT, COPY, POST and LIST cost the first, GET, HEAD and all others the second,
and DELETE nothing: https://aws.amazon.com/s3/pricing/"""

EXPRESS_REQUEST = 1.00 / MILLION
EXPRESS_GB_SECOND = 0.00001667
STANDARD_TRANSITION = 0.025 / 1000
"""https://aws.amazon.com/step-functions/pricing/"""

EVENT = 1.00 / MILLION
"""Of up to 64 KB that a program puts on a bus: https://aws.amazon.com/eventbridge/pricing/"""

SCHEDULED_CALL = 1.00 / MILLION
"""EventBridge Scheduler: https://aws.amazon.com/eventbridge/pricing/"""

HTTP_REQUEST = 1.00 / MILLION
"""HTTP API, of up to 512 KB: https://aws.amazon.com/api-gateway/pricing/"""

LOG_BYTE = 0.50 / GB
METRIC_MONTH = 0.30
ALARM_MONTH = 0.10
DASHBOARD_MONTH = 3.00
"""Of an account's dashboards the first three cost nothing while they have at most 50 metrics:
https://aws.amazon.com/cloudwatch/pricing/"""

SECRET_MONTH = 0.40
SECRET_READ = 0.05 / 10_000
"""https://aws.amazon.com/secrets-manager/pricing/; a parameter of Systems Manager costs nothing."""

KEY_MONTH = 1.00
KMS_REQUEST = 0.03 / 10_000
"""https://aws.amazon.com/kms/pricing/"""

BYTE_OUT = 0.09 / GB
"""To the Internet, so also to a storage service of another provider; what comes in is free:
https://aws.amazon.com/ec2/pricing/on-demand/"""
