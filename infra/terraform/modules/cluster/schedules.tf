# Every minute: sweep unfinished objects, check the backend's health, work on operators' jobs and the scrub.

locals {
  every_minute = toset(["sweep_pending", "check_health", "run_jobs", "scrub_backend"])

  assumed_by_scheduler = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.aws.account_id } }
    }]
  })
}

resource "aws_iam_role" "schedule" {
  for_each = local.every_minute

  name = "${local.name}-${each.key}-schedule"

  assume_role_policy = local.assumed_by_scheduler
}

resource "aws_iam_role_policy" "schedule" {
  for_each = local.every_minute

  name = "schedule"
  role = aws_iam_role.schedule[each.key].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [for as in local.called_as : "${aws_lambda_function.this[each.key].arn}${as}"]
    }]
  })
}

resource "aws_scheduler_schedule" "every_minute" {
  for_each = local.every_minute

  name                = "${local.name}-${each.key}"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live[each.key].arn
    role_arn = aws_iam_role.schedule[each.key].arn

    retry_policy {
      maximum_retry_attempts       = 0 # the next one is a minute away
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}
