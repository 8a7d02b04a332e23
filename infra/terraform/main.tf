# All of MCOS: the resources that the clusters share, once, and each cluster by the same module.

locals {
  emulated = var.target == "local"
  build    = jsondecode(file("${var.build_dir}/functions.json"))
  openapi  = yamldecode(file("${path.module}/../../openapi.yaml"))
  zips     = [for package in concat(["functions"], local.build.layers) : filesha256("${var.build_dir}/${package}.zip")]
  release  = "${local.openapi.info.version}+${substr(sha256(join(" ", local.zips)), 0, 12)}"
}

provider "aws" {
  region = var.region

  # The emulator accepts any keys. Fake keys, and an explicit endpoint for every service, ensure that
  # a local deployment never reaches an AWS account.
  access_key                  = local.emulated ? "test" : null
  secret_key                  = local.emulated ? "test" : null
  s3_use_path_style           = local.emulated
  skip_credentials_validation = local.emulated
  skip_metadata_api_check     = local.emulated
  skip_region_validation      = local.emulated

  dynamic "endpoints" {
    for_each = local.emulated ? [coalesce(var.relay_url, var.endpoint_url)] : []

    content {
      apigatewayv2   = endpoints.value
      cloudwatch     = endpoints.value
      dynamodb       = endpoints.value
      events         = endpoints.value
      iam            = endpoints.value
      lambda         = endpoints.value
      logs           = endpoints.value
      s3             = endpoints.value
      scheduler      = endpoints.value
      secretsmanager = endpoints.value
      sfn            = endpoints.value
      sns            = endpoints.value
      sqs            = endpoints.value
      sts            = endpoints.value
    }
  }

  default_tags {
    tags = {
      application = var.prefix
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

module "shared" {
  source = "./modules/shared"

  prefix     = var.prefix
  account_id = data.aws_caller_identity.current.account_id
  build_dir  = var.build_dir
  build      = local.build
  layered    = var.layer_folders == null
  disposable = var.disposable
  emulated   = local.emulated
  region     = var.region
  partition  = data.aws_partition.current.partition
}

module "cluster" {
  source   = "./modules/cluster"
  for_each = var.clusters

  cluster                   = merge(each.value, { name = each.key })
  clusters                  = keys(var.clusters)
  prefix                    = var.prefix
  aws                       = local.aws
  build                     = local.build
  release                   = local.release
  packages                  = module.shared.packages
  layers                    = module.shared.layers
  layer_folders             = var.layer_folders
  token_key_secret          = module.shared.token_key_secret
  tables                    = module.shared.tables
  signing_keys_parameter    = module.shared.signing_keys_parameter
  publishes                 = each.key == local.publisher
  changes                   = module.shared.changes
  streams                   = module.shared.streams
  rescue_recipient          = var.rescue_recipient
  backend_secret            = var.backend_secrets[each.key]
  backend_secret_version    = var.backend_secrets_version
  openapi                   = local.openapi
  state_machine_template    = "${path.module}/../../statemachines/replicate_object.asl.json"
  disposable                = var.disposable
  log_retention_days        = var.log_retention_days
  queues_visibility_seconds = var.queues_visibility_seconds
  background                = var.background
  scrub                     = var.scrub
  removal_grace_hours       = var.removal_grace_hours
  removals_per_hour         = var.removals_per_hour
  default_quota             = var.default_quota
  reserved_concurrency      = var.reserved_concurrency
  throttling                = var.throttling
  fetch                     = var.fetch
  watched                   = var.watched
  tracing                   = var.tracing
}

module "watch" {
  source = "./modules/watch"
  count  = var.watched ? 1 : 0

  prefix            = var.prefix
  account_id        = local.account_id
  region            = var.region
  clusters          = keys(var.clusters)
  publisher         = local.publisher
  topic_arn         = var.watch.topic_arn
  calls             = var.watch.calls
  dashboard         = var.watch.dashboard
  monthly_limit_usd = var.watch.monthly_limit_usd
}

locals {
  account_id = data.aws_caller_identity.current.account_id

  # One cluster publishes the changes of all: they share the stream of the table, and a second reader
  # would publish everything twice. It is the first by name. If another cluster becomes the first, it
  # starts at the stream's oldest record: up to a day's events are published again, none is missing.
  publisher = sort(keys(var.clusters))[0]

  # Names that clusters' functions and permissions refer to before the resources exist: clusters refer
  # to each other, and creating a queue takes a minute.
  aws = {
    account_id   = local.account_id
    region       = var.region
    partition    = data.aws_partition.current.partition
    queue_url    = local.emulated ? "${var.endpoint_url}/${local.account_id}" : "https://sqs.${var.region}.${data.aws_partition.current.dns_suffix}/${local.account_id}"
    emulator_url = local.emulated ? var.endpoint_url : null
  }
}
