# Every minute: objects that are on their way and have not moved.

resource "aws_iam_role" "sweep" {
  name = "${local.name}-sweep"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.aws.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "sweep" {
  name = "sweep"
  role = aws_iam_role.sweep.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [aws_lambda_function.this["sweep_pending"].arn]
    }]
  })
}

resource "aws_scheduler_schedule" "sweep" {
  name                = "${local.name}-sweep"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this["sweep_pending"].arn
    role_arn = aws_iam_role.sweep.arn

    retry_policy {
      maximum_retry_attempts       = 0 # the next one is a minute away
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.sweep]
}
