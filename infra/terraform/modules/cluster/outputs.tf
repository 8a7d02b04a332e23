output "endpoint" {
  description = "Base URL of the API's paths (/v1/...)."
  value       = local.endpoint
}

output "staging_bucket" {
  description = "Name of the staging bucket."
  value       = aws_s3_bucket.staging.bucket
}
