# The functions, with the handlers, memory and timeouts that Chalice declares. Each deployment that
# changes one publishes a version of it, and whoever calls a function calls its alias `live`: so calls
# go from one version to the next at once, and back by `tools/deploy.py --rollback`.

locals {
  functions = { for name, function in var.build.functions : name => function if var.publishes || !contains(local.for_all, name) }

  # What one cluster does for all.
  for_all = ["publish_changes", "write_journal", "write_snapshot"]

  environment = {
    MCOS_CLUSTER                 = local.cluster
    MCOS_TABLE_PREFIX            = var.prefix
    MCOS_STAGING_BUCKET          = local.staging_bucket
    MCOS_STATE_MACHINE_ARN       = local.state_machine_arn
    MCOS_LARGE_STATE_MACHINE_ARN = local.large_state_machine_arn
    MCOS_REPLICATE_QUEUE_URL     = local.replicate_queue_url
    MCOS_REPAIR_QUEUE_URL        = local.repair_queue_url
    MCOS_TOKEN_KEY_SECRET        = var.token_key_secret.name
    MCOS_BACKEND_SECRET          = aws_secretsmanager_secret.backend.name
    MCOS_BACKEND                 = var.cluster.backend
    MCOS_DEFAULT_PREFER          = var.cluster.default_prefer
    POWERTOOLS_SERVICE_NAME      = "mcos"
    MCOS_METRICS_NAMESPACE       = local.metrics_namespace
    POWERTOOLS_LOG_LEVEL         = "INFO"
  }

  # For how long a queue hides a message that its function has received. Six times the function's
  # timeout, as AWS advises: while the function is throttled, messages that were received for it wait.
  visibility_seconds = {
    for function in ["ingest_upload", "repair_replica", "replicate_version"] :
    function => lookup(var.queues_visibility_seconds, function, 6 * var.build.functions[function].timeout)
  }

  # What one function is told and the others are not.
  own_environment = {
    health         = { MCOS_RELEASE = var.release }
    login          = { MCOS_SIGNING_KEYS_PARAMETER = var.signing_keys_parameter.name }
    no_route       = { MCOS_ROUTES = jsonencode(local.methods) }
    admin_clusters = { MCOS_RUN_JOBS = local.run_jobs_arn }
    admin_jobs     = { MCOS_RUN_JOBS = local.run_jobs_arn }
    admin_scrub    = { MCOS_SCRUB = jsonencode(var.scrub) }
    scrub_backend  = { MCOS_SCRUB = jsonencode(var.scrub) }
    watch_cluster  = { MCOS_SCRUB = jsonencode(var.scrub), MCOS_WATCHED_QUEUES = jsonencode(local.watched_queues) }
    delete_object  = { MCOS_REMOVAL_GRACE_SECONDS = tostring(var.removal_grace_hours * 3600) }
    repair_replica = { MCOS_REMOVALS_PER_HOUR = tostring(var.removals_per_hour) }
    publish_changes = {
      MCOS_EVENT_BUS             = local.event_bus
      MCOS_UNPUBLISHED_QUEUE_URL = local.unpublished_queue_url
    }
    # The emulator does not wait until a batch has grown: the function asks for it again.
    write_journal = merge(
      { MCOS_DEFAULT_QUOTA = jsonencode(var.default_quota) },
      var.aws.emulator_url == null ? {} : { MCOS_BATCHING_WINDOW_SECONDS = "5" },
    )
    write_snapshot = { MCOS_DEFAULT_QUOTA = jsonencode(var.default_quota) }
    ingest_upload = {
      MCOS_INBOUND_QUEUE_URL = local.inbound_queue_url
      MCOS_INBOUND_DLQ_URL   = local.inbound_dlq_url
      MCOS_FETCH_RULES       = jsonencode(var.fetch)
    }
  }

  # The functions that write the journal and the identities of replicas, encrypted if there is a key.
  sealing_functions = ["put_parts", "put_replica", "repair_replica", "write_journal", "write_snapshot"]

  backend_layer = var.build.backend_layers[var.cluster.backend]
  layers = {
    for function in keys(local.functions) : function => concat(
      ["mcos", "common"],
      contains(local.token_functions, function) ? ["auth"] : [],
      contains(local.backend_functions, function) ? [local.backend_layer] : [],
      contains(local.sealing_functions, function) && var.rescue_recipient != null ? ["age"] : [],
    )
  }

  # In place of layers. "isolation" comes first: with it a function finds nothing of the emulator's own.
  python_path = {
    for function, layers in local.layers : function => var.layer_folders == null ? {} : {
      PYTHONPATH = join(":", [for folder in concat(["isolation"], layers) : var.layer_folders[folder]])
    }
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${local.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name    = "${local.name}-${each.key}"
  description      = var.release # of each version; a rollback goes to one of another release
  publish          = true
  role             = aws_iam_role.function[each.key].arn
  handler          = each.value.handler
  runtime          = var.build.runtime
  architectures    = [var.build.architecture]
  memory_size      = each.value.memory_size
  timeout          = each.value.timeout
  s3_bucket        = var.packages.bucket
  s3_key           = var.packages.key
  source_code_hash = var.packages.code_sha256

  reserved_concurrent_executions = lookup(var.reserved_concurrency, each.key, -1)

  # A backend that is reached from within a network only.
  dynamic "vpc_config" {
    for_each = var.cluster.vpc != null && contains(local.backend_functions, each.key) ? [var.cluster.vpc] : []
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  layers = var.layer_folders == null ? [for layer in local.layers[each.key] : var.layers[layer]] : []

  environment {
    variables = merge(
      local.environment,
      lookup(local.own_environment, each.key, {}),
      # So that a function is started anew when the secret that it has read has changed.
      contains(local.backend_functions, each.key) ? { MCOS_BACKEND_SECRET_VERSION = aws_secretsmanager_secret_version.backend.version_id } : {},
      contains(local.sealing_functions, each.key) && var.rescue_recipient != null ? { MCOS_RESCUE_RECIPIENT = var.rescue_recipient } : {},
      local.python_path[each.key],
    )
  }

  # Lambda's own lines of each call say what its metrics say; what goes wrong there is logged.
  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  # Lambda itself makes the trace, and passes it on with the requests of AWS's SDK.
  dynamic "tracing_config" {
    for_each = var.tracing ? ["Active"] : []

    content {
      mode = tracing_config.value
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_cloudwatch_log_group.function]
}

# It moves once all is there that its version needs.
resource "aws_lambda_alias" "live" {
  for_each = local.functions

  name             = local.live
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = aws_lambda_function.this[each.key].version

  lifecycle {
    precondition {
      condition     = alltrue([for table, name in var.tables : name == "${var.prefix}-${table}"])
      error_message = "The tables are not those that the functions were told of."
    }
  }

  depends_on = [
    aws_iam_role_policy.function,
    aws_s3_bucket_versioning.staging,
    aws_sqs_queue.inbound,
    aws_sqs_queue.repair,
    aws_sqs_queue.replicate,
  ]
}

resource "aws_secretsmanager_secret" "backend" {
  name_prefix             = "${var.prefix}/${local.cluster}/backend-" # see the key for tokens
  description             = "How cluster ${local.cluster} reaches its backend."
  recovery_window_in_days = var.disposable ? 0 : 30

  lifecycle {
    ignore_changes = [name, name_prefix]
  }
}

resource "aws_secretsmanager_secret_version" "backend" {
  secret_id                = aws_secretsmanager_secret.backend.id
  secret_string_wo         = var.backend_secret
  secret_string_wo_version = var.backend_secret_version
}
