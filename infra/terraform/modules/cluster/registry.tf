# This cluster's row in the registry, by which the others find it. It is written last: a cluster is
# announced when it works.

resource "aws_dynamodb_table_item" "cluster" {
  table_name = var.clusters_table
  hash_key   = "cluster"

  item = jsonencode({
    cluster          = { S = local.cluster }
    entry_point      = { S = local.endpoint }
    backend          = { S = var.cluster.backend }
    provider         = { S = var.cluster.provider }
    location         = { S = var.cluster.location }
    labels           = { M = { for key, value in var.cluster.labels : key => { S = value } } }
    weight           = { N = tostring(var.cluster.weight) }
    state            = { S = "ACTIVE" }
    put_replica      = { S = aws_lambda_function.this["put_replica"].arn }
    get_replica      = { S = aws_lambda_function.this["get_replica"].arn }
    repair_queue_url = { S = local.repair_queue_url }
    staging_bucket   = { S = local.staging_bucket }
  })

  depends_on = [
    aws_apigatewayv2_stage.default,
    aws_lambda_event_source_mapping.repair,
    aws_s3_bucket.staging,
    aws_secretsmanager_secret_version.backend,
    aws_sfn_state_machine.replicate,
  ]
}
