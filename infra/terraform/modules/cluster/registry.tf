# This cluster's row in the registry, by which the others find it. It is written last, when the
# cluster works. An operator's overrides and the cluster's health are other items, which Terraform
# does not change.

# The backend is examined before the cluster is linked, and when its settings have changed: one that
# cannot hold replicas is DOWN from the first moment on, and nothing is placed there.
resource "aws_lambda_invocation" "examine" {
  function_name = aws_lambda_function.this["check_health"].function_name
  input         = jsonencode({ examine = true })

  triggers = {
    backend = var.cluster.backend
    secret  = aws_secretsmanager_secret_version.backend.version_id
  }
}

check "backend" {
  assert {
    condition     = length(jsondecode(aws_lambda_invocation.examine.result).refusals) == 0
    error_message = "Cluster ${local.cluster} got no replicas when a deployment examined its backend (mcos admin cluster ls says how it is now): ${join("; ", jsondecode(aws_lambda_invocation.examine.result).refusals)}"
  }
}

resource "aws_dynamodb_table_item" "cluster" {
  table_name = var.tables["registry"]
  hash_key   = "kind"
  range_key  = "name"

  item = jsonencode({
    kind = { S = "cluster" }
    name = { S = local.cluster }

    # The fields of mcos.model.clusters.Cluster; readers ignore any others.
    document = { S = jsonencode({
      entry_point      = local.endpoint
      backend          = var.cluster.backend
      provider         = var.cluster.provider
      location         = var.cluster.location
      labels           = var.cluster.labels
      weight           = var.cluster.weight
      region           = var.aws.region
      account_id       = var.aws.account_id
      put_replica      = aws_lambda_alias.live["put_replica"].arn
      put_parts        = aws_lambda_alias.live["put_parts"].arn
      get_replica      = aws_lambda_alias.live["get_replica"].arn
      repair_queue_url = local.repair_queue_url
      staging_bucket   = local.staging_bucket
    }) }
  })

  depends_on = [
    aws_apigatewayv2_stage.default,
    aws_lambda_event_source_mapping.replicate,
    aws_lambda_event_source_mapping.repair,
    aws_lambda_invocation.examine,
    aws_s3_bucket.staging,
    aws_secretsmanager_secret_version.backend,
    aws_sfn_state_machine.replicate,
    aws_sfn_state_machine.replicate_large,
    aws_s3_bucket_versioning.staging,
    aws_s3_bucket_notification.staging,
    aws_lambda_event_source_mapping.inbound,
  ]
}
