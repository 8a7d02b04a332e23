# The journal of the catalog on every backend, and the usage of accounts: one cluster writes them for
# all, as it publishes events.

resource "aws_lambda_event_source_mapping" "journal" {
  for_each = var.publishes ? var.streams : {}

  event_source_arn  = each.value
  function_name     = aws_lambda_alias.live["write_journal"].arn
  starting_position = "TRIM_HORIZON" # what was written before there was a reader counts too

  # Many changes are one file on each backend; 10 s is what the loss of AWS may cost.
  batch_size                         = 1000
  maximum_batching_window_in_seconds = 10

  # For as long as the stream keeps a change; then the next snapshot has it.
  maximum_retry_attempts        = -1
  maximum_record_age_in_seconds = -1
}

resource "aws_iam_role" "snapshot_schedule" {
  count = var.publishes ? 1 : 0

  name               = "${local.name}-write_snapshot-schedule"
  assume_role_policy = local.assumed_by_scheduler
}

resource "aws_iam_role_policy" "snapshot_schedule" {
  count = var.publishes ? 1 : 0

  name = "schedule"
  role = aws_iam_role.snapshot_schedule[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [for as in local.called_as : "${aws_lambda_function.this["write_snapshot"].arn}${as}"]
    }]
  })
}

# Every hour: begin a snapshot if one is due, or continue the one that was begun.
resource "aws_scheduler_schedule" "snapshot" {
  count = var.publishes ? 1 : 0

  name                = "${local.name}-write_snapshot"
  schedule_expression = "rate(1 hour)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live["write_snapshot"].arn
    role_arn = aws_iam_role.snapshot_schedule[0].arn

    retry_policy {
      maximum_retry_attempts       = 0 # the next one is an hour away
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.snapshot_schedule]
}
