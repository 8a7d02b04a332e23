# The permissions of each function; beside them it may only write its own log.

locals {
  grants = {
    token_key      = { Action = ["secretsmanager:GetSecretValue"], Resource = [var.token_key_secret.arn] }
    signing_keys   = { Action = ["ssm:GetParameter"], Resource = [var.signing_keys_parameter.arn] }
    backend_secret = { Action = ["secretsmanager:GetSecretValue"], Resource = [aws_secretsmanager_secret.backend.arn] }

    read_account       = { Action = ["dynamodb:GetItem"], Resource = [local.tables.accounts] }
    look_at_logins     = { Action = ["dynamodb:BatchGetItem"], Resource = [local.tables.accounts, local.tables.logins] }
    change_own_account = { Action = ["dynamodb:GetItem", "dynamodb:UpdateItem"], Resource = [local.tables.accounts] }
    count_logins       = { Action = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], Resource = [local.tables.logins] }
    end_sessions       = { Action = ["dynamodb:PutItem"], Resource = [local.tables.logins] }
    tidy_logins        = { Action = ["dynamodb:DeleteItem", "dynamodb:Scan"], Resource = [local.tables.logins] }
    change_accounts = {
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"]
      Resource = [local.tables.accounts]
    }

    # What accounts use: counted by one cluster for all, put right by each cluster's scrub.
    read_usage      = { Action = ["dynamodb:GetItem"], Resource = [local.tables.usage] }
    look_at_usage   = { Action = ["dynamodb:BatchGetItem"], Resource = [local.tables.containers, local.tables.uploads, local.tables.usage] }
    count_usage     = { Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = [local.tables.usage] }
    scan_usage      = { Action = ["dynamodb:Scan"], Resource = [local.tables.usage] }
    put_usage_right = { Action = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"], Resource = [local.tables.usage] }

    list_containers  = { Action = ["dynamodb:Query"], Resource = [local.tables.containers] }
    read_container   = { Action = ["dynamodb:GetItem"], Resource = [local.tables.containers] }
    create_container = { Action = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], Resource = [local.tables.containers] }
    use_container    = { Action = ["dynamodb:GetItem", "dynamodb:UpdateItem"], Resource = [local.tables.containers] }
    delete_container = { Action = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"], Resource = [local.tables.containers] }
    scan_containers  = { Action = ["dynamodb:Scan"], Resource = [local.tables.containers] }
    list_objects     = { Action = ["dynamodb:Query"], Resource = [local.tables.objects] }
    scan_objects     = { Action = ["dynamodb:Scan"], Resource = [local.tables.objects] }
    list_unsettled   = { Action = ["dynamodb:Query"], Resource = [local.unsettled] }
    read_object      = { Action = ["dynamodb:GetItem"], Resource = [local.tables.objects] }
    change_object    = { Action = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"], Resource = [local.tables.objects] }

    find_cluster  = { Action = ["dynamodb:GetItem"], Resource = [local.tables.registry] }
    read_registry = { Action = ["dynamodb:Scan"], Resource = [local.tables.registry] }
    begin_jobs    = { Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = [local.tables.jobs] }
    drop_jobs     = { Action = ["dynamodb:DeleteItem"], Resource = [local.tables.jobs] }
    change_jobs   = { Action = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"], Resource = [local.tables.jobs] }
    run_jobs      = { Action = ["lambda:InvokeFunction"], Resource = [local.run_jobs_arn, trimsuffix(local.run_jobs_arn, ":${local.live}")] }

    stage            = { Action = ["s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"], Resource = ["${local.staging_arn}/*"] }
    unstage          = { Action = ["s3:DeleteObjectVersion"], Resource = ["${local.staging_arn}/*"] }
    read_all_staging = { Action = ["s3:GetObject", "s3:GetObjectVersion"], Resource = local.all_staging }
    receive          = { Action = local.receive, Resource = ["${local.staging_arn}/*"] }
    # An upload may continue at any entry point, in the staging of the cluster where it was begun.
    receive_uploads  = { Action = local.receive, Resource = [for one in local.all_staging : replace(one, "/*", "/uploads/*")] }
    list_all_staging = { Action = ["s3:ListBucket"], Resource = [for one in local.all_staging : trimsuffix(one, "/*")] }
    # A sweeper looks after the uploads of clusters that cannot do so themselves.
    clear_uploads = {
      Action   = ["s3:AbortMultipartUpload", "s3:DeleteObjectVersion", "s3:GetObject"]
      Resource = [for one in local.all_staging : replace(one, "/*", "/uploads/*")]
    }
    # Without these two, S3 answers 403 instead of 404 for a missing key.
    list_staging = { Action = ["s3:ListBucket"], Resource = [local.staging_arn] }

    list_versions = { Action = ["s3:ListBucketVersions"], Resource = [local.staging_arn] }
    read_uploads  = { Action = ["dynamodb:GetItem"], Resource = [local.tables.uploads] }

    change_uploads = {
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      Resource = [local.tables.uploads]
    }
    end_uploads = {
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      Resource = [local.tables.uploads]
    }
    scan_uploads = { Action = ["dynamodb:Scan"], Resource = [local.tables.uploads] }
    # Whoever disposes of a version first marks the upload that it was taken from.
    confirm_uploads = { Action = ["dynamodb:UpdateItem"], Resource = [local.tables.uploads] }
    look_at_uploads = { Action = ["dynamodb:BatchGetItem"], Resource = [local.tables.uploads] }
    # Whoever disposes of a version keeps those that users have deleted, or marks them as taken back.
    keep_deleted = { Action = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], Resource = [local.tables.deleted] }
    use_deleted = {
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      Resource = [local.tables.deleted]
    }
    change_deleted = {
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      Resource = [local.tables.deleted]
    }
    read_deleted  = { Action = ["dynamodb:GetItem"], Resource = [local.tables.deleted] }
    scan_deleted  = { Action = ["dynamodb:Scan"], Resource = [local.tables.deleted] }
    begin_shares  = { Action = ["dynamodb:PutItem", "dynamodb:DeleteItem"], Resource = [local.tables.shares] }
    list_shares   = { Action = ["dynamodb:Query"], Resource = [local.of_account] }
    read_shares   = { Action = ["dynamodb:GetItem"], Resource = [local.tables.shares] }
    tidy_shares   = { Action = ["dynamodb:DeleteItem", "dynamodb:Scan"], Resource = [local.tables.shares] }
    list_due      = { Action = ["dynamodb:Query"], Resource = [local.due] }
    list_expiring = { Action = ["dynamodb:Query"], Resource = [local.expiring] }
    take_inbound = {
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource = [local.inbound_queue_arn]
    }
    refuse_inbound = { Action = ["sqs:SendMessage"], Resource = [local.inbound_dlq_arn] }

    queue_versions = { Action = ["sqs:SendMessage"], Resource = [local.replicate_queue_arn] }
    count_queued   = { Action = ["sqs:GetQueueAttributes"], Resource = [local.repair_queue_arn, local.replicate_queue_arn] }
    take_versions = {
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource = [local.replicate_queue_arn]
    }
    replicate_large = { Action = ["states:StartExecution"], Resource = [local.large_state_machine_arn] }
    replicate_now   = { Action = ["states:StartSyncExecution"], Resource = [local.state_machine_arn] }
    see_executions  = { Action = ["states:ListExecutions"], Resource = [local.large_state_machine_arn] }
    repair          = { Action = ["sqs:SendMessage"], Resource = local.all_repair_queues }
    take_repairs = {
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource = [local.repair_queue_arn]
    }
    count_repairs = { Action = ["sqs:GetQueueAttributes"], Resource = local.all_repair_queues }
    feed_repairs  = { Action = ["sqs:GetQueueAttributes", "sqs:SendMessage"], Resource = [local.repair_queue_arn] }
    read_replicas = { Action = ["lambda:InvokeFunction"], Resource = local.all_get_replica }

    take_changes = {
      Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      Resource = [local.objects_stream]
    }
    take_all_changes = {
      Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      Resource = local.journaled_streams
    }
    scan_catalog = { Action = ["dynamodb:Scan"], Resource = [for table in keys(var.streams) : local.tables[table] if table != "uploads"] }
    put_files    = { Action = ["lambda:InvokeFunction"], Resource = local.all_put_replica }
    publish      = { Action = ["events:PutEvents"], Resource = [local.event_bus_arn] }
    set_aside    = { Action = ["sqs:SendMessage"], Resource = [local.unpublished_queue_arn] }
    list_jobs    = { Action = ["dynamodb:GetItem", "dynamodb:Scan"], Resource = [local.tables.jobs] }
    count_all    = { Action = ["sqs:GetQueueAttributes"], Resource = local.watched_queue_arns }
    read_item    = { Action = ["dynamodb:GetItem"], Resource = [local.tables.registry] }
    scan_jobs    = { Action = ["dynamodb:Scan"], Resource = [local.tables.jobs] }
  }

  # What each function may write of the registry: kinds of items, which are the partitions of the table.
  # Whoever asks for an item by its key may ask for any, as whoever scans sees them all.
  registry_writers = {
    admin_accounts = { kinds = ["revocation"], actions = ["dynamodb:PutItem"], gets = false }
    admin_clusters = { kinds = ["cluster", "health", "journal", "operator", "unlinked", "watched"], actions = local.edit, gets = true }
    admin_jobs     = { kinds = ["job", "operator"], actions = ["dynamodb:PutItem"], gets = true }
    admin_policies = { kinds = ["policy"], actions = local.edit, gets = true }
    check_health   = { kinds = ["deployment", "health"], actions = ["dynamodb:PutItem"], gets = true }
    login          = { kinds = ["revocation"], actions = ["dynamodb:PutItem"], gets = true }
    repair_replica = { kinds = ["journal", "removals"], actions = ["dynamodb:PutItem"], gets = true }
    run_jobs       = { kinds = ["cluster", "health", "job", "journal", "operator", "removals", "revocation", "unlinked", "watched"], actions = local.edit, gets = true }
    watch_cluster  = { kinds = ["watched"], actions = ["dynamodb:PutItem"], gets = true }
    write_journal  = { kinds = ["journal", "quotas"], actions = ["dynamodb:PutItem"], gets = true }
    write_snapshot = { kinds = ["journal", "quotas"], actions = ["dynamodb:PutItem"], gets = true }
  }
  edit = ["dynamodb:DeleteItem", "dynamodb:PutItem"]

  write_registry = {
    for function, grant in local.registry_writers : function => concat(
      [{
        Action    = grant.actions
        Resource  = [local.tables.registry]
        Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = grant.kinds } }
      }],
      grant.gets ? [{ Action = ["dynamodb:GetItem"], Resource = [local.tables.registry] }] : [],
    )
  }

  receive = [
    "s3:AbortMultipartUpload", "s3:DeleteObjectVersion", "s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts",
    "s3:PutObject",
  ]

  write_objects = [
    local.grants.change_object, local.grants.use_container, local.grants.read_registry,
    local.grants.stage, local.grants.list_staging, local.grants.replicate_now, local.grants.queue_versions,
    local.grants.repair, local.grants.confirm_uploads, local.grants.keep_deleted,
  ]

  read_content = [
    local.grants.read_object, local.grants.read_container, local.grants.read_registry, local.grants.read_all_staging,
    local.grants.list_all_staging, local.grants.read_replicas, local.grants.repair, local.grants.read_deleted,
  ]

  undelete = [
    local.grants.use_deleted, local.grants.change_object, local.grants.use_container, local.grants.read_registry,
    local.grants.queue_versions, local.grants.repair, local.grants.unstage, local.grants.confirm_uploads,
  ]

  permissions = {
    authorizer       = [local.grants.read_registry]
    login            = [local.grants.signing_keys, local.grants.look_at_logins, local.grants.change_own_account, local.grants.count_logins, local.grants.read_registry]
    list_container   = [local.grants.list_containers, local.grants.read_usage, local.grants.read_registry]
    create_container = [local.grants.create_container, local.grants.read_registry]
    delete_container = [local.grants.delete_container, local.grants.list_objects, local.grants.read_registry]
    list_object      = [local.grants.read_container, local.grants.list_objects, local.grants.read_registry]
    # A copy of what is staged alone is read there, wherever that is.
    create_object   = concat(local.write_objects, [local.grants.read_all_staging, local.grants.list_all_staging])
    update_object   = concat(local.write_objects, [local.grants.read_all_staging, local.grants.list_all_staging])
    stat_object     = [local.grants.read_object, local.grants.read_registry]
    locate_object   = [local.grants.read_object, local.grants.read_container, local.grants.read_registry]
    download_object = local.read_content
    download_shared = concat(local.read_content, [local.grants.read_shares, local.grants.read_account])
    shares = [
      local.grants.begin_shares, local.grants.list_shares, local.grants.read_object, local.grants.read_container,
      local.grants.read_registry,
    ]
    delete_object = [
      local.grants.change_object, local.grants.read_registry, local.grants.repair, local.grants.unstage,
      local.grants.confirm_uploads, local.grants.keep_deleted,
    ]
    admin_clusters = [
      local.grants.read_account, local.grants.read_registry, local.grants.begin_jobs, local.grants.run_jobs,
      local.grants.list_unsettled, local.grants.read_object, local.grants.list_expiring, local.grants.look_at_uploads,
    ]
    deleted        = local.undelete
    admin_deleted  = concat(local.undelete, [local.grants.read_account])
    admin_policies = [local.grants.read_account, local.grants.read_registry, local.grants.scan_containers]
    admin_accounts = [local.grants.change_accounts, local.grants.end_sessions, local.grants.read_registry]
    admin_jobs     = [local.grants.read_account, local.grants.read_registry, local.grants.change_jobs, local.grants.run_jobs]
    admin_scrub    = [local.grants.read_account, local.grants.read_registry, local.grants.begin_jobs, local.grants.count_repairs]
    admin_objects = [
      local.grants.read_account, local.grants.read_object, local.grants.read_registry, local.grants.read_replicas,
      local.grants.repair,
    ]
    health       = [local.grants.find_cluster]
    admin_status = [local.grants.read_account, local.grants.read_registry, local.grants.read_item, local.grants.scan_jobs]
    no_route     = []
    uploads = [
      local.grants.change_uploads, local.grants.change_object, local.grants.use_container, local.grants.read_registry,
      local.grants.receive_uploads, local.grants.list_all_staging, local.grants.unstage, local.grants.queue_versions,
      local.grants.repair, local.grants.keep_deleted, local.grants.look_at_usage,
    ]

    put_replica = [
      local.grants.read_all_staging, local.grants.list_all_staging, local.grants.read_registry, local.grants.read_replicas,
    ]
    put_parts = [
      local.grants.read_all_staging, local.grants.list_all_staging, local.grants.read_registry, local.grants.read_replicas,
    ]
    get_replica = []
    digest_content = [
      local.grants.change_object, local.grants.read_all_staging, local.grants.list_all_staging,
      local.grants.read_registry, local.grants.unstage, local.grants.repair, local.grants.confirm_uploads,
      local.grants.keep_deleted,
    ]
    replicate_version = [
      local.grants.take_versions, local.grants.read_object, local.grants.read_registry, local.grants.replicate_now,
      local.grants.replicate_large, local.grants.see_executions, local.grants.repair, local.grants.read_deleted,
    ]
    ingest_upload = [
      local.grants.take_inbound, local.grants.refuse_inbound, local.grants.read_account, local.grants.end_uploads,
      local.grants.change_object, local.grants.use_container, local.grants.read_registry, local.grants.receive,
      local.grants.list_staging, local.grants.queue_versions, local.grants.repair, local.grants.keep_deleted,
      local.grants.read_usage,
    ]
    commit_version = [
      local.grants.change_object, local.grants.read_registry, local.grants.repair, local.grants.unstage,
      local.grants.confirm_uploads, local.grants.keep_deleted,
    ]
    repair_replica = [
      local.grants.take_repairs, local.grants.change_object, local.grants.read_registry,
      local.grants.read_all_staging, local.grants.list_all_staging, local.grants.unstage, local.grants.read_replicas,
      local.grants.repair, local.grants.replicate_large, local.grants.see_executions, local.grants.confirm_uploads,
      local.grants.keep_deleted,
    ]
    sweep_pending = [
      local.grants.list_unsettled, local.grants.change_object, local.grants.use_container, local.grants.read_registry,
      local.grants.queue_versions, local.grants.count_queued, local.grants.see_executions, local.grants.unstage,
      local.grants.repair, local.grants.list_expiring, local.grants.end_uploads, local.grants.clear_uploads,
      local.grants.read_all_staging, local.grants.list_all_staging, local.grants.scan_uploads,
      local.grants.list_due, local.grants.change_deleted,
    ]
    check_health = concat([local.grants.read_registry], local.examine_bucket)
    run_jobs = [
      local.grants.change_jobs, local.grants.drop_jobs, local.grants.read_registry, local.grants.scan_objects,
      local.grants.change_object, local.grants.replicate_now, local.grants.replicate_large, local.grants.see_executions,
      local.grants.scan_deleted,
    ]
    scrub_backend = [
      local.grants.begin_jobs, local.grants.read_registry, local.grants.scan_objects, local.grants.read_object,
      local.grants.feed_repairs, local.grants.read_uploads, local.grants.list_versions, local.grants.unstage,
      local.grants.read_deleted, local.grants.scan_deleted, local.grants.scan_uploads, local.grants.put_usage_right,
    ]
    watch_cluster = [
      local.grants.read_registry, local.grants.list_jobs, local.grants.count_all,
      local.grants.list_unsettled, local.grants.read_object, local.grants.list_expiring, local.grants.list_due,
    ]
    publish_changes = [local.grants.take_changes, local.grants.publish, local.grants.set_aside]
    write_journal   = [local.grants.take_all_changes, local.grants.read_registry, local.grants.put_files, local.grants.repair, local.grants.count_usage]
    write_snapshot  = [local.grants.scan_catalog, local.grants.scan_usage, local.grants.tidy_logins, local.grants.tidy_shares, local.grants.put_files, local.grants.repair]
  }

  # The functions that use the backend: only they may read its secret and have its layer.
  backend_functions = toset(["check_health", "download_object", "download_shared", "get_replica", "put_parts", "put_replica", "repair_replica", "scrub_backend"])
  backend_permissions = concat([local.grants.backend_secret], local.network, var.cluster.backend_bucket_arn == null ? [] : [
    {
      Action = [
        "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
      ]
      Resource = ["${var.cluster.backend_bucket_arn}/*"]
    },
    { Action = ["s3:ListBucket", "s3:ListBucketMultipartUploads"], Resource = [var.cluster.backend_bucket_arn] },
  ])
  # Lambda itself uses these for a function in a VPC; they support no narrower resource.
  network = var.cluster.vpc == null ? [] : [
    {
      Action = [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
      ]
      Resource = ["*"]
    },
  ]
  examine_bucket = var.cluster.backend_bucket_arn == null ? [] : [
    {
      Action   = ["s3:GetBucketVersioning", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration"]
      Resource = [var.cluster.backend_bucket_arn]
    },
  ]
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name = "${local.name}-${each.key}"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

locals {
  function_policies = {
    for function in keys(local.functions) : function => jsonencode({
      Version = "2012-10-17"
      Statement = [
        for grant in concat(
          [{ Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.arn.logs}:log-group:/aws/lambda/${local.name}-${function}:*"] }],
          local.permissions[function],
          # Who verifies tokens reads the registry, too: it says which are revoked.
          contains(local.token_functions, function) ? [local.grants.token_key] : [],
          lookup(local.write_registry, function, []),
          contains(local.backend_functions, function) ? local.backend_permissions : [],
          local.trace,
        ) : merge({ Effect = "Allow" }, grant)
      ]
    })
  }
}

# Named by what it allows: a new one is there before its function changes, and the one before it goes
# after that. So neither version of the function misses anything meanwhile.
resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "function-${substr(sha256(local.function_policies[each.key]), 0, 12)}"
  role   = aws_iam_role.function[each.key].name
  policy = local.function_policies[each.key]

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = 2 * length(local.function_policies[each.key]) <= 10240
      error_message = "The policy of a role names every cluster, and is longer than 5,120 characters: IAM takes 10,240 of a role, which has two while one replaces the other. Link fewer clusters, or give them and the deployment shorter names."
    }
  }
}
