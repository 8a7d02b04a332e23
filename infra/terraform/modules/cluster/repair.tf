# The repair queue: work for this cluster's backend that could not be done at once.

resource "aws_sqs_queue" "repair_dlq" {
  name                      = "${local.repair_queue}-dlq"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
  policy                    = local.queue_policies["repair_dlq"]

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.repair_queue_arn]
  })
}

resource "aws_sqs_queue" "repair" {
  name                       = local.repair_queue
  message_retention_seconds  = 1209600 # 14 days, the most there is; the sweeper repeats what is older
  visibility_timeout_seconds = local.visibility_seconds["repair_replica"]
  sqs_managed_sse_enabled    = true
  policy                     = local.queue_policies["repair"]

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.repair_dlq.arn
    maxReceiveCount     = 1000 # only what is malformed: repair_replica sends any other message again before
  })

  lifecycle {
    postcondition {
      condition     = self.url == local.repair_queue_url && self.arn == local.repair_queue_arn
      error_message = "The queue is not where the functions were told it is."
    }
  }
}

resource "aws_lambda_event_source_mapping" "repair" {
  event_source_arn        = aws_sqs_queue.repair.arn
  function_name           = aws_lambda_alias.live["repair_replica"].arn
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]

  # Few at a time: what readers do not see yet comes first.
  scaling_config {
    maximum_concurrency = var.background.repair_readers
  }
}
