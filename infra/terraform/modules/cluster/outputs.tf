output "endpoint" {
  description = "Base URL of the API's paths (/v1/...)."
  value       = local.endpoint
}

output "functions" {
  description = "Names of the functions."
  value       = [for alias in aws_lambda_alias.live : alias.function_name]
}

output "inbound_queue" {
  description = "URL of the queue to which other systems send messages."
  value       = local.inbound_queue_url
}

output "staging_bucket" {
  description = "Name of the staging bucket."
  value       = aws_s3_bucket.staging.bucket
}
