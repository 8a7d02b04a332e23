# One dashboard, from the same list: the alarms' states, then what they look at, then what AWS itself
# counts, which costs nothing. It has fewer than the fifty metrics that are free of charge for an
# account's first three dashboards.

locals {
  half = { width = 12, height = 6 }

  graphs = concat(
    [
      {
        title   = "Concerns"
        metrics = [for name in keys(local.list.concerns) : ["MCOS", "Concern", "deployment", var.prefix, "concern", name, { stat = "Maximum" }]]
      },
      {
        title   = "Calls that failed"
        metrics = [["MCOS", "Errors", "deployment", var.prefix, { stat = "Sum" }]]
      },
      {
        title   = "Duration of calls, p99 (ms)"
        metrics = [for call in keys(var.calls) : ["MCOS", "Duration", "deployment", var.prefix, "call", call, { stat = "p99" }]]
      },
      {
        title   = "Stream lag (ms)"
        metrics = [for function in ["publish_changes", "write_journal"] : ["AWS/Lambda", "IteratorAge", "FunctionName", "${var.prefix}-${var.publisher}-${function}", { stat = "Maximum" }]]
      },
      {
        title   = "Throttles of the account"
        metrics = [["AWS/Lambda", "Throttles", { stat = "Sum" }], ["AWS/Lambda", "ConcurrentExecutions", { stat = "Maximum" }]]
      },
    ],
    [
      for cluster in slice(var.clusters, 0, min(length(var.clusters), 3)) : {
        title   = "Age of the oldest message (s), ${cluster}"
        metrics = [for queue in ["inbound", "repair", "replicate"] : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "${var.prefix}-${cluster}-${queue}", { stat = "Maximum" }]]
      }
    ],
  )

  widgets = concat(
    [{
      type = "alarm", x = 0, y = 0, width = 24, height = 4
      properties = {
        title  = "Alarms"
        alarms = [for name in keys(local.alarms) : aws_cloudwatch_metric_alarm.this[name].arn]
      }
    }],
    [
      for index, graph in local.graphs : {
        type = "metric", x = 12 * (index % 2), y = 4 + 6 * floor(index / 2), width = local.half.width, height = local.half.height
        properties = {
          title   = graph.title
          view    = "timeSeries"
          region  = var.region
          period  = 300
          metrics = graph.metrics
        }
      }
    ],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.prefix
  dashboard_body = jsonencode({ widgets = local.widgets })
}
