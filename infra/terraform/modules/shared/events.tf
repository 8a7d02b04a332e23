# The bus on which the states of objects are told, for whoever makes a rule on it: docs/notifications.md.

resource "aws_cloudwatch_event_bus" "this" {
  name = var.prefix
}

# What could not be told: a change that cannot be read or that the bus will never take, from the
# function; a batch that grew too old, from Lambda.
resource "aws_sqs_queue" "unpublished" {
  name                      = "${var.prefix}-unpublished-events"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
}
