# The inbound queue: S3's events for files in staging, put there by signed URLs or any tool, and
# messages of other systems that name content and the object to make of it.

resource "aws_sqs_queue" "inbound_dlq" {
  name                      = "${local.inbound_queue}-dlq"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
  policy                    = local.queue_policies["inbound_dlq"]

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.inbound_queue_arn]
  })
}

resource "aws_sqs_queue" "inbound" {
  name                       = local.inbound_queue
  message_retention_seconds  = 604800
  visibility_timeout_seconds = local.visibility_seconds["ingest_upload"]
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.inbound_dlq.arn
    maxReceiveCount     = 100 # ingest_upload sends what cannot be taken there before, with a reason
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = ["sqs:SendMessage"]
        Resource  = [local.inbound_queue_arn]
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.staging_arn }
          StringEquals = { "aws:SourceAccount" = var.aws.account_id }
        }
      }],
      local.refuse_plain_http["inbound"],
    )
  })

  lifecycle {
    postcondition {
      condition     = self.url == local.inbound_queue_url && self.arn == local.inbound_queue_arn
      error_message = "The queue is not where the functions were told it is."
    }
  }
}

resource "aws_s3_bucket_notification" "staging" {
  bucket = aws_s3_bucket.staging.id

  dynamic "queue" {
    for_each = toset(["incoming/", "uploads/"])

    content {
      id            = trimsuffix(queue.value, "/")
      queue_arn     = aws_sqs_queue.inbound.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value
    }
  }
}

resource "aws_lambda_event_source_mapping" "inbound" {
  event_source_arn        = aws_sqs_queue.inbound.arn
  function_name           = aws_lambda_alias.live["ingest_upload"].arn
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]
}
