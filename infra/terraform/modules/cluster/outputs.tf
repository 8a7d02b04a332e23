output "endpoint" {
  description = "URL that the API's paths (/v1/...) follow."
  value       = local.endpoint
}

output "staging_bucket" {
  description = "Name of the staging bucket."
  value       = aws_s3_bucket.staging.bucket
}
