# The zips, by the digest of their content, and the layers made of them.

locals {
  layers   = toset(var.layered ? var.build.layers : [])
  packages = setunion(local.layers, ["functions"])

  artifacts     = "${var.prefix}-artifacts-${var.account_id}"
  artifacts_arn = "arn:${var.partition}:s3:::${local.artifacts}"
}

resource "aws_s3_bucket" "artifacts" {
  bucket        = local.artifacts
  force_destroy = true # all of it can be built again
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket                  = aws_s3_bucket.artifacts.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# The emulator speaks plain HTTP.
resource "aws_s3_bucket_policy" "artifacts" {
  count = var.emulated ? 0 : 1

  bucket = aws_s3_bucket.artifacts.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.artifacts_arn, "${local.artifacts_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.artifacts] # AWS refuses both at once
}

resource "aws_s3_object" "package" {
  for_each = local.packages

  bucket = aws_s3_bucket.artifacts.id
  key    = "${each.key}/${filesha256("${var.build_dir}/${each.key}.zip")}.zip"
  source = "${var.build_dir}/${each.key}.zip"

  # No tags: emulators lose those of a multipart upload, so every plan would change them.
  override_provider {
    default_tags {
      tags = {}
    }
  }
}

resource "aws_lambda_layer_version" "this" {
  for_each = local.layers

  layer_name               = "${var.prefix}-${each.key}"
  s3_bucket                = aws_s3_object.package[each.key].bucket
  s3_key                   = aws_s3_object.package[each.key].key
  source_code_hash         = filebase64sha256("${var.build_dir}/${each.key}.zip")
  compatible_runtimes      = [var.build.runtime]
  compatible_architectures = [var.build.architecture]
}
