# The catalog. On demand; encrypted with the account's DynamoDB key, whose use CloudTrail records.

locals {
  tables = {
    accounts   = { hash = "user_name", range = null }
    containers = { hash = "account", range = "name" }
    objects    = { hash = "container_key", range = "name" } # container_key = "account/container"
    registry   = { hash = "kind", range = "name" }
    jobs       = { hash = "job", range = null }
    uploads    = { hash = "account", range = "upload" }
    deleted    = { hash = "container_key", range = "entry" } # the object's name and the version's id
    logins     = { hash = "key", range = null }
    usage      = { hash = "account", range = "entry" } # what accounts use, and what scrubs see of it
    shares     = { hash = "share", range = null }
  }

  # What a rescue cannot continue is not in the journal.
  journaled = ["accounts", "containers", "deleted", "objects", "registry"]
  # Of uploads there is only counted how many are under way.
  streamed = concat(local.journaled, ["uploads"])
}

resource "aws_dynamodb_table" "catalog" {
  for_each = local.tables

  name                        = "${var.prefix}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.hash
  range_key                   = each.value.range
  deletion_protection_enabled = !var.disposable

  # Events, the journal and the usage of accounts are made from these streams, so that no call waits.
  stream_enabled   = contains(local.streamed, each.key)
  stream_view_type = contains(local.streamed, each.key) ? "NEW_AND_OLD_IMAGES" : null

  dynamic "attribute" {
    for_each = concat(
      compact([each.value.hash, each.value.range]),
      each.key == "objects" ? ["sweeper", "unsettled_since"] : [],
      each.key == "uploads" ? ["cluster", "expires_at"] : [],
      each.key == "deleted" ? ["cluster", "due_at"] : [],
      each.key == "shares" ? ["account"] : [],
    )

    content {
      name = attribute.value
      type = "S"
    }
  }

  # Sparse: only an object that still needs work has a sweeper.
  dynamic "global_secondary_index" {
    for_each = each.key == "objects" ? ["unsettled"] : []

    content {
      name            = global_secondary_index.value
      hash_key        = "sweeper"
      range_key       = "unsettled_since"
      projection_type = "KEYS_ONLY"
    }
  }

  # Uploads by the time after which the sweeper must look at them. Nothing is left to DynamoDB's time
  # to live, which global tables with strong consistency do not have.
  dynamic "global_secondary_index" {
    for_each = each.key == "uploads" ? ["expiring"] : []

    content {
      name            = global_secondary_index.value
      hash_key        = "cluster"
      range_key       = "expires_at"
      projection_type = "KEYS_ONLY"
    }
  }

  # Deleted versions by the time at which the sweeper must look at them.
  dynamic "global_secondary_index" {
    for_each = each.key == "deleted" ? ["due"] : []

    content {
      name            = global_secondary_index.value
      hash_key        = "cluster"
      range_key       = "due_at"
      projection_type = "KEYS_ONLY"
    }
  }

  # Shares by their accounts, for who lists them.
  dynamic "global_secondary_index" {
    for_each = each.key == "shares" ? ["of_account"] : []

    content {
      name            = global_secondary_index.value
      hash_key        = "account"
      range_key       = "share"
      projection_type = "ALL"
    }
  }

  server_side_encryption {
    enabled = true
  }

  point_in_time_recovery {
    enabled = true
  }
}
