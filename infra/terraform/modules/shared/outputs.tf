output "tables" {
  description = "Name of each table."
  value       = { for key, table in aws_dynamodb_table.catalog : key => table.name }
}

output "token_key_secret" {
  description = "Name and ARN of the secret of the keys that verify tokens."
  value = {
    name = aws_secretsmanager_secret.token_key.name
    arn  = aws_secretsmanager_secret.token_key.arn
  }
}

output "signing_keys_parameter" {
  description = "Name and ARN of the encrypted parameter of the keys that sign tokens."
  value = {
    name = "/${local.signing_keys}"
    arn  = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter/${local.signing_keys}"
  }
}

output "packages" {
  description = "Where the zip of the functions lies."
  value = {
    bucket      = aws_s3_object.package["functions"].bucket
    key         = aws_s3_object.package["functions"].key
    code_sha256 = filebase64sha256("${var.build_dir}/functions.zip")
  }
}

output "layers" {
  description = "ARN of each layer's version."
  value       = { for key, layer in aws_lambda_layer_version.this : key => layer.arn }
}

output "changes" {
  description = "The stream of the table of objects, and the queue of changes that cannot be published."
  value = {
    stream_arn            = aws_dynamodb_table.catalog["objects"].stream_arn
    unpublished_queue_arn = aws_sqs_queue.unpublished.arn
    unpublished_queue_url = aws_sqs_queue.unpublished.url
  }
}

output "streams" {
  description = "ARN of the stream of each table that the journal keeps, and of uploads."
  value       = { for table in local.streamed : table => aws_dynamodb_table.catalog[table].stream_arn }
}

output "event_bus" {
  description = "Name and ARN of the bus on which changes of objects are published."
  value = {
    name = aws_cloudwatch_event_bus.this.name
    arn  = aws_cloudwatch_event_bus.this.arn
  }
}
