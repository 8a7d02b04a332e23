# Every five minutes each cluster looks for what an operator must know of. What it finds, and the other
# functions' metrics, are log lines: module "watch" has the alarms.

locals {
  watched_queues = {
    queues       = { inbound = local.inbound_queue_url, repair = local.repair_queue_url, replicate = local.replicate_queue_url }
    dead_letters = merge({ for name in ["inbound", "repair", "replicate"] : name => "${var.aws.queue_url}/${local.name}-${name}-dlq" }, local.unpublished)
  }
  # The cluster that publishes looks at what could not be published, too.
  unpublished = var.publishes ? { events = local.unpublished_queue_url } : {}

  watched_queue_arns = concat(
    [for name in ["inbound", "repair", "replicate"] : "${local.arn.sqs}:${local.name}-${name}"],
    [for name in ["inbound", "repair", "replicate"] : "${local.arn.sqs}:${local.name}-${name}-dlq"],
    var.publishes ? [local.unpublished_queue_arn] : [],
  )

  # Empty: no function writes metrics, and nothing that reads them is made.
  metrics_namespace = var.watched ? "MCOS" : ""
}

variable "watched" {
  description = "Whether functions write metrics."
  type        = bool
}

variable "tracing" {
  description = "Whether calls are traced from their function through the state machine, by X-Ray."
  type        = bool
}

locals {
  # X-Ray knows no narrower resource.
  trace = var.tracing ? [{ Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], Resource = ["*"] }] : []
}

resource "aws_iam_role" "watch_schedule" {
  name               = "${local.name}-watch_cluster-schedule"
  assume_role_policy = local.assumed_by_scheduler
}

resource "aws_iam_role_policy" "watch_schedule" {
  name = "schedule"
  role = aws_iam_role.watch_schedule.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [for as in local.called_as : "${aws_lambda_function.this["watch_cluster"].arn}${as}"]
    }]
  })
}

resource "aws_scheduler_schedule" "watch" {
  name                = "${local.name}-watch_cluster"
  schedule_expression = "rate(5 minutes)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live["watch_cluster"].arn
    role_arn = aws_iam_role.watch_schedule.arn

    retry_policy {
      maximum_retry_attempts       = 0 # the next one is five minutes away
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.watch_schedule]
}
