# All of MCOS: what the clusters share, once, and each cluster by the same module.

locals {
  emulated = var.target == "local"
  build    = jsondecode(file("${var.build_dir}/functions.json"))
}

provider "aws" {
  region = var.region

  # The emulator takes any keys. That these are no real ones, and that every service has an explicit
  # endpoint, keeps a local deployment from ever reaching an AWS account.
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
      dynamodb       = endpoints.value
      events         = endpoints.value
      iam            = endpoints.value
      lambda         = endpoints.value
      logs           = endpoints.value
      s3             = endpoints.value
      scheduler      = endpoints.value
      secretsmanager = endpoints.value
      sfn            = endpoints.value
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

  prefix            = var.prefix
  account_id        = data.aws_caller_identity.current.account_id
  build_dir         = var.build_dir
  build             = local.build
  layered           = var.layer_folders == null
  token_key_version = var.token_key_version
  disposable        = var.disposable
}

module "cluster" {
  source   = "./modules/cluster"
  for_each = var.clusters

  cluster                   = merge(each.value, { name = each.key })
  clusters                  = keys(var.clusters)
  prefix                    = var.prefix
  aws                       = local.aws
  build                     = local.build
  packages                  = module.shared.packages
  layers                    = module.shared.layers
  layer_folders             = var.layer_folders
  token_key_secret          = module.shared.token_key_secret
  registry_table            = module.shared.tables["registry"]
  publishes                 = each.key == local.publisher
  changes                   = module.shared.changes
  backend_secret            = var.backend_secrets[each.key]
  backend_secret_version    = var.backend_secrets_version
  openapi                   = yamldecode(file("${path.module}/../../openapi.yaml"))
  state_machine_template    = "${path.module}/../../statemachines/replicate_object.asl.json"
  disposable                = var.disposable
  log_retention_days        = var.log_retention_days
  repair_visibility_seconds = var.repair_visibility_seconds
  throttling                = var.throttling
  fetch                     = var.fetch
}

locals {
  account_id = data.aws_caller_identity.current.account_id

  # One cluster publishes the changes of all: the stream is that of the shared table, and a second
  # reader would only say everything twice. Which one does not matter, so it is the first by name. If
  # another becomes the first, that one begins with what the stream still has: up to a day's events
  # come again, none is missing.
  publisher = sort(keys(var.clusters))[0]

  # The parts of names that a cluster's functions are told, or allowed, before the things exist:
  # clusters refer to each other, and a queue takes a minute to be made.
  aws = {
    account_id   = local.account_id
    region       = var.region
    partition    = data.aws_partition.current.partition
    queue_url    = local.emulated ? "${var.endpoint_url}/${local.account_id}" : "https://sqs.${var.region}.${data.aws_partition.current.dns_suffix}/${local.account_id}"
    emulator_url = local.emulated ? var.endpoint_url : null
  }
}
