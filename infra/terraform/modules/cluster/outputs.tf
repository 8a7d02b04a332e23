output "endpoint" {
  description = "Base URL of the API's paths (/v1/...)."
  value       = local.endpoint
}

output "functions" {
  description = "Names of the functions."
  value       = [for alias in aws_lambda_alias.live : alias.function_name]
}

output "staging_bucket" {
  description = "Name of the staging bucket."
  value       = aws_s3_bucket.staging.bucket
}
