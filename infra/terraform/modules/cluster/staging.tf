# Content between its acknowledgement and its replicas. It may be the only copy, so no lifecycle rule
# expires current files. The bucket keeps versions: content that was taken stays unchanged if others
# put something else under the same key, and is removed by its version.

resource "aws_s3_bucket" "staging" {
  bucket        = local.staging_bucket
  force_destroy = var.disposable
}

resource "aws_s3_bucket_public_access_block" "staging" {
  bucket                  = aws_s3_bucket.staging.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "staging" {
  bucket = aws_s3_bucket.staging.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "staging" {
  bucket = aws_s3_bucket.staging.id

  versioning_configuration {
    status = "Enabled"
  }
}

# Removes what functions that ended early have left; functions remove everything else themselves. An
# emulator does not live for days, and the provider would wait 55 s for it.
resource "aws_s3_bucket_lifecycle_configuration" "staging" {
  count = var.aws.emulator_url == null ? 1 : 0

  bucket = aws_s3_bucket.staging.id

  rule {
    id     = "abandoned-parts"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 8 # a day longer than an upload may take
    }
  }

  depends_on = [aws_s3_bucket_versioning.staging]
}

resource "aws_s3_bucket_policy" "tls_only" {
  count = local.tls_only ? 1 : 0

  bucket = aws_s3_bucket.staging.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.staging_arn, "${local.staging_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.staging] # AWS refuses both at once
}
