# The bus on which changes of objects are published: docs/notifications.md.

resource "aws_cloudwatch_event_bus" "this" {
  name = var.prefix
}

# Notes of changes that were not published: from the function if a change cannot be read or the bus
# will never accept it, from Lambda if a batch grew too old.
resource "aws_sqs_queue" "unpublished" {
  name                      = "${var.prefix}-unpublished-events"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true

  # The emulator speaks plain HTTP.
  policy = var.emulated ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${var.prefix}-unpublished-events"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
