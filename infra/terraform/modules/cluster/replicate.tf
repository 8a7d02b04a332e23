# The replicate queue, in which versions that were acknowledged wait for their replicas.

resource "aws_sqs_queue" "replicate_dlq" {
  name                      = "${local.replicate_queue}-dlq"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
  policy                    = local.queue_policies["replicate_dlq"]

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.replicate_queue_arn]
  })
}

resource "aws_sqs_queue" "replicate" {
  name                       = local.replicate_queue
  message_retention_seconds  = 1209600 # 14 days, the most there is; the sweeper queues again what is older
  visibility_timeout_seconds = local.visibility_seconds["replicate_version"]
  sqs_managed_sse_enabled    = true
  policy                     = local.queue_policies["replicate"]

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.replicate_dlq.arn
    maxReceiveCount     = 1000 # most of a day with a minute between tries; ten days with the quarter of an hour of large content
  })

  lifecycle {
    postcondition {
      condition     = self.url == local.replicate_queue_url && self.arn == local.replicate_queue_arn
      error_message = "The queue is not where the functions were told it is."
    }
  }
}

# A reader holds its messages until their executions have ended, so no more executions are at work than
# readers times batch.
resource "aws_lambda_event_source_mapping" "replicate" {
  event_source_arn        = aws_sqs_queue.replicate.arn
  function_name           = aws_lambda_alias.live["replicate_version"].arn
  batch_size              = var.background.replicate_batch
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.background.replicate_readers
  }
}

# The state machine that writes the replicas of a version, from one definition. Express: it ends within
# seconds, and repeating it, or a part of it, is harmless. Standard, for large content: it may take
# days.

resource "aws_cloudwatch_log_group" "replicate" {
  name              = "/aws/vendedlogs/states/${local.state_machine_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "replicate" {
  name = local.state_machine_name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "states.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.aws.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "replicate" {
  name = "replicate"
  role = aws_iam_role.replicate.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([for grant in local.trace : merge({ Effect = "Allow" }, grant)], [
      {
        Effect = "Allow"
        Action = ["lambda:InvokeFunction"]
        Resource = concat(
          local.all_put_replica,
          local.all_put_parts,
          flatten([for name in ["commit_version", "digest_content"] : [for as in local.called_as : "${local.arn.lambda}:function:${local.name}-${name}${as}"]]),
        )
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = local.all_repair_queues
      },
      {
        # Step Functions needs these to write logs; they do not support a narrower resource.
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        ]
        Resource = ["*"]
      },
    ])
  })
}

locals {
  replicate = templatefile(var.state_machine_template, {
    commit_version = aws_lambda_alias.live["commit_version"].arn
    digest_content = aws_lambda_alias.live["digest_content"].arn
  })

  large_seconds = 864000 # ten days: 5 TiB at 6 MB a second
}

resource "aws_sfn_state_machine" "replicate" {
  name       = local.state_machine_name
  type       = "EXPRESS"
  role_arn   = aws_iam_role.replicate.arn
  definition = local.replicate

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.replicate.arn}:*"
  }

  dynamic "tracing_configuration" {
    for_each = var.tracing ? [true] : []

    content {
      enabled = true
    }
  }

  depends_on = [aws_iam_role_policy.replicate]
}

resource "aws_sfn_state_machine" "replicate_large" {
  name       = local.large_state_machine_name
  type       = "STANDARD"
  role_arn   = aws_iam_role.replicate.arn
  definition = jsonencode(merge(jsondecode(local.replicate), { TimeoutSeconds = local.large_seconds }))

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.replicate.arn}:*"
  }

  dynamic "tracing_configuration" {
    for_each = var.tracing ? [true] : []

    content {
      enabled = true
    }
  }

  depends_on = [aws_iam_role_policy.replicate]
}
