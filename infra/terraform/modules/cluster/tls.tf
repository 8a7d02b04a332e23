# Buckets and queues take no request over plain HTTP. The emulator speaks nothing else.

locals {
  tls_only = var.aws.emulator_url == null

  own_queues = {
    replicate     = local.replicate_queue_arn
    replicate_dlq = "${local.replicate_queue_arn}-dlq"
    repair        = local.repair_queue_arn
    repair_dlq    = "${local.repair_queue_arn}-dlq"
    inbound       = local.inbound_queue_arn
    inbound_dlq   = local.inbound_dlq_arn
  }

  # Statements of the policy of each queue; none on the emulator.
  refuse_plain_http = {
    for queue, arn in local.own_queues : queue => [
      for one in [arn] : {
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = one
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      } if local.tls_only
    ]
  }

  queue_policies = {
    for queue, statements in local.refuse_plain_http : queue => (
      length(statements) == 0 ? null : jsonencode({ Version = "2012-10-17", Statement = statements })
    )
  }
}
