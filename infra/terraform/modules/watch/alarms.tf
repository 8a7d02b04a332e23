# The alarms: those of alarms.json, which tests and the dashboard read too. docs/runbook.md has an
# entry for each. An alarm costs by the metrics that it looks at, so each looks at one, for all
# clusters together; the functions' log lines, and `mcos admin status`, say which cluster it is.

locals {
  list = jsondecode(file("${path.module}/alarms.json"))
  own  = { deployment = var.prefix }

  # A concern is written only while there is one, every five minutes.
  concerns = {
    for name, description in local.list.concerns : name => {
      description = description
      namespace   = "MCOS"
      metric      = "Concern"
      dimensions  = merge(local.own, { concern = name })
      statistic   = "Maximum"
      is_below    = false
      threshold   = 0.001
      periods     = 1
      of          = 2
      missing     = "notBreaching"
    }
  }

  others = {
    for name, one in local.list.others : name => {
      description = one.description
      namespace   = one.namespace
      metric      = one.metric
      dimensions = (
        contains(keys(one), "by") ? tomap(local.own) :
        contains(keys(one), "function") ? tomap({ FunctionName = "${var.prefix}-${var.publisher}-${one.function}" }) : tomap({})
      )
      statistic = one.statistic
      is_below  = contains(keys(one), "below")
      threshold = try(one.below, one.from)
      periods   = one.periods
      of        = one.of
      missing   = one.missing
    }
  }

  calls = merge([
    for kind, one in local.list.calls : {
      for call, p99_ms in var.calls : "${replace(call, "_", "-")}-${kind}" => {
        description = replace(replace(one.description, "{call}", call), "{p99_ms}", p99_ms)
        namespace   = "MCOS"
        metric      = one.metric
        dimensions  = merge(local.own, { call = call })
        statistic   = one.statistic
        is_below    = false
        threshold   = try(one.from, p99_ms)
        periods     = one.periods
        of          = one.of
        missing     = "notBreaching" # nobody calls it
      }
    }
  ]...)

  alarms = merge(local.concerns, local.others, local.calls)
  topic  = var.topic_arn == null ? aws_sns_topic.alarms[0].arn : var.topic_arn
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = "${each.value.description} docs/runbook.md: ${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = each.value.is_below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = 300
  datapoints_to_alarm = each.value.periods
  evaluation_periods  = each.value.of
  treat_missing_data  = each.value.missing
  alarm_actions       = [local.topic]
  ok_actions          = [local.topic]
}

# Not encrypted with AWS's own key for SNS, with which CloudWatch cannot publish. A text has the name
# of an alarm, and nothing of users.
resource "aws_sns_topic" "alarms" {
  count = var.topic_arn == null ? 1 : 0

  name = "${var.prefix}-alarms"
}

resource "aws_sns_topic_policy" "alarms" {
  count = var.topic_arn == null ? 1 : 0

  arn = aws_sns_topic.alarms[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
      Action    = ["sns:Publish"]
      Resource  = [aws_sns_topic.alarms[0].arn]
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

# What the account has spent in a month, and is expected to. Budgets know no region and no emulator.
resource "aws_budgets_budget" "spend" {
  count = var.monthly_limit_usd == null ? 0 : 1

  name         = "${var.prefix}-spend"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_limit_usd)
  limit_unit   = "USD"

  dynamic "notification" {
    for_each = toset(["ACTUAL", "FORECASTED"])

    content {
      notification_type         = notification.value
      comparison_operator       = "GREATER_THAN"
      threshold                 = 100
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [local.topic]
    }
  }
}
