# Names and ARNs. They are composed here instead of read from resources, because clusters and
# functions refer to each other, and so that policies are readable in a plan.

locals {
  cluster = var.cluster.name
  name    = "${var.prefix}-${local.cluster}"

  arn        = { for service in ["dynamodb", "events", "lambda", "logs", "sqs", "states"] : service => "arn:${var.aws.partition}:${service}:${var.aws.region}:${var.aws.account_id}" }
  tables     = { for table in ["accounts", "containers", "objects", "registry", "jobs", "uploads", "deleted", "logins", "shares", "usage"] : table => "${local.arn.dynamodb}:table/${var.prefix}-${table}" }
  unsettled  = "${local.tables.objects}/index/unsettled"
  expiring   = "${local.tables.uploads}/index/expiring"
  due        = "${local.tables.deleted}/index/due"
  of_account = "${local.tables.shares}/index/of_account"

  state_machine_name = "${local.name}-replicate-object"
  state_machine_arn  = "${local.arn.states}:stateMachine:${local.state_machine_name}"

  large_state_machine_name = "${local.name}-replicate-large"
  large_state_machine_arn  = "${local.arn.states}:stateMachine:${local.large_state_machine_name}"

  # The alias by which functions are called.
  live = "live"
  # Who may call a function may do so by its alias, and as release 0.1.0 did: while a deployment is
  # upgraded, some rows, state machines and functions name it one way and some the other.
  called_as = ["", ":${local.live}"]

  run_jobs_arn = "${local.arn.lambda}:function:${local.name}-run_jobs:${local.live}"

  # Those of module shared.
  event_bus             = var.prefix
  event_bus_arn         = "${local.arn.events}:event-bus/${local.event_bus}"
  objects_stream        = "${local.tables.objects}/stream/*" # its label is the time at which it was made
  journaled_streams     = [for table in keys(var.streams) : "${local.tables[table]}/stream/*"]
  unpublished_queue     = "${var.prefix}-unpublished-events"
  unpublished_queue_url = "${var.aws.queue_url}/${local.unpublished_queue}"
  unpublished_queue_arn = "${local.arn.sqs}:${local.unpublished_queue}"

  replicate_queue     = "${local.name}-replicate"
  replicate_queue_url = "${var.aws.queue_url}/${local.replicate_queue}"
  replicate_queue_arn = "${local.arn.sqs}:${local.replicate_queue}"

  repair_queue     = "${local.name}-repair"
  repair_queue_url = "${var.aws.queue_url}/${local.repair_queue}"
  repair_queue_arn = "${local.arn.sqs}:${local.repair_queue}"

  inbound_queue     = "${local.name}-inbound"
  inbound_queue_url = "${var.aws.queue_url}/${local.inbound_queue}"
  inbound_queue_arn = "${local.arn.sqs}:${local.inbound_queue}"
  inbound_dlq_url   = "${local.inbound_queue_url}-dlq"
  inbound_dlq_arn   = "${local.inbound_queue_arn}-dlq"

  staging_bucket = "${local.name}-staging-${var.aws.account_id}"
  staging_arn    = "arn:${var.aws.partition}:s3:::${local.staging_bucket}"

  # The same of every cluster.
  all_repair_queues = [for name in var.clusters : "${local.arn.sqs}:${var.prefix}-${name}-repair"]
  all_put_replica   = flatten([for name in var.clusters : [for as in local.called_as : "${local.arn.lambda}:function:${var.prefix}-${name}-put_replica${as}"]])
  all_put_parts     = flatten([for name in var.clusters : [for as in local.called_as : "${local.arn.lambda}:function:${var.prefix}-${name}-put_parts${as}"]])
  all_get_replica   = flatten([for name in var.clusters : [for as in local.called_as : "${local.arn.lambda}:function:${var.prefix}-${name}-get_replica${as}"]])
  all_staging       = [for name in var.clusters : "arn:${var.aws.partition}:s3:::${var.prefix}-${name}-staging-${var.aws.account_id}/*"]

  # Base URL of the API's paths.
  endpoint = (
    var.aws.emulator_url == null
    ? aws_apigatewayv2_api.this.api_endpoint
    : "${var.aws.emulator_url}/restapis/${aws_apigatewayv2_api.this.id}/$default/_user_request_"
  )
}
