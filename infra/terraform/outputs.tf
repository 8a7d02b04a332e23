output "endpoints" {
  description = "Entry point of each cluster: the URL that the API's paths (/v1/...) follow."
  value       = { for name, cluster in module.cluster : name => cluster.endpoint }
}

output "release" {
  description = "What is deployed: the project's version, and a digest of the packages."
  value       = local.release
}

output "functions" {
  description = "Names of all functions."
  value       = flatten([for cluster in module.cluster : cluster.functions])
}

output "region" {
  description = "AWS region of all clusters."
  value       = var.region
}

output "staging_buckets" {
  description = "Staging bucket of each cluster."
  value       = { for name, cluster in module.cluster : name => cluster.staging_bucket }
}

output "inbound_queues" {
  description = "URL of each cluster's inbound queue, to which other systems send messages."
  value       = { for name, cluster in module.cluster : name => cluster.inbound_queue }
}

output "tables" {
  description = "Name of each table."
  value       = module.shared.tables
}

output "alarms_topic" {
  description = "ARN of the SNS topic that is told of alarms; null: nothing is watched."
  value       = one(module.watch[*].topic_arn)
}

output "event_bus" {
  description = "Name and ARN of the bus on which changes of objects are published: docs/notifications.md."
  value       = module.shared.event_bus
}

output "deployment" {
  description = "Prefix of every name, the region, and the secret of tokens' keys: what tools need to find it."
  value       = { prefix = var.prefix, region = var.region, token_keys = module.shared.token_key_secret.name }
}
