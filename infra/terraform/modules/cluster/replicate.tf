# The state machine that writes the replicas of a version. Express: it is done in seconds, and
# whoever repeats it, or a part of it, changes nothing.

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
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = concat(local.all_put_replica, [aws_lambda_function.this["commit_version"].arn])
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = local.all_repair_queues
      },
      {
        # What Step Functions needs to log at all: these know no narrower resource.
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        ]
        Resource = ["*"]
      },
    ]
  })
}

resource "aws_sfn_state_machine" "replicate" {
  name       = local.state_machine_name
  type       = "EXPRESS"
  role_arn   = aws_iam_role.replicate.arn
  definition = templatefile(var.state_machine_template, { commit_version = aws_lambda_function.this["commit_version"].arn })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.replicate.arn}:*"
  }

  depends_on = [aws_iam_role_policy.replicate]
}
