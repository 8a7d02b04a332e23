# One cluster publishes the changes of all clusters' objects.

resource "aws_lambda_event_source_mapping" "changes" {
  count = var.publishes ? 1 : 0

  event_source_arn  = var.changes.stream_arn
  function_name     = aws_lambda_alias.live["publish_changes"].arn
  starting_position = "TRIM_HORIZON" # what was written before there was a reader counts too

  # A batch is put ten at a time, and ten batches of a shard side by side, with the changes of one
  # object in their order. Emulators repeat a batch of a stream as a whole or not at all: there it is
  # one PutEvents.
  batch_size                     = var.aws.emulator_url == null ? 100 : 10
  parallelization_factor         = var.aws.emulator_url == null ? 10 : 1
  function_response_types        = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error = true

  # The function sets aside changes that can never be published, so others are repeated for as long as
  # possible: the stream keeps a change for 24 hours, of which the last is left for operators.
  maximum_retry_attempts        = -1
  maximum_record_age_in_seconds = 82800

  destination_config {
    on_failure {
      destination_arn = var.changes.unpublished_queue_arn
    }
  }

  lifecycle {
    precondition {
      condition     = var.changes.unpublished_queue_url == local.unpublished_queue_url && var.changes.unpublished_queue_arn == local.unpublished_queue_arn
      error_message = "The queue is not where the function was told it is."
    }
  }
}
