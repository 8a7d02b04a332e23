variable "cluster" {
  description = "This cluster; the fields are those of the root's variable clusters, and its name."
  type = object({
    name               = string
    backend            = string
    provider           = string
    location           = string
    labels             = map(string)
    weight             = number
    default_prefer     = string
    backend_bucket_arn = optional(string)
    vpc                = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
  })
}

variable "clusters" {
  description = "Names of all linked clusters, including this one."
  type        = list(string)
}

variable "prefix" {
  description = "First part of every name."
  type        = string
}

variable "aws" {
  description = "Where it is deployed. queue_url: prefix of the URLs of queues; emulator_url: null on AWS."
  type = object({
    account_id   = string
    region       = string
    partition    = string
    queue_url    = string
    emulator_url = optional(string)
  })
}

variable "build" {
  description = "Content of functions.json: see tools/build.py."
  type = object({
    runtime        = string
    architecture   = string
    layers         = list(string)
    backend_layers = map(string)
    functions      = map(object({ handler = string, memory_size = number, timeout = number }))
  })
}

variable "release" {
  description = "What is deployed: the project's version, and a digest of the packages."
  type        = string
}

variable "packages" {
  description = "Where the zip of the functions lies."
  type        = object({ bucket = string, key = string, code_sha256 = string })
}

variable "layers" {
  description = "ARN of each layer's version."
  type        = map(string)
}

variable "layer_folders" {
  description = "Folders of Python's path that functions have in place of layers, by layer; null: layers."
  type        = map(string)
}

variable "token_key_secret" {
  description = "The secret of the keys that verify tokens."
  type        = object({ name = string, arn = string })
}

variable "signing_keys_parameter" {
  description = "The encrypted parameter of the keys that sign tokens."
  type        = object({ name = string, arn = string })
}

variable "tables" {
  description = "Name of each table, by what it holds."
  type        = map(string)
}

variable "backend_secret" {
  description = "How the functions reach the backend, as JSON text."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "backend_secret_version" {
  description = "Raise it to write backend_secret again."
  type        = number
}

variable "publishes" {
  description = "Whether this is the cluster that publishes the changes of all clusters' objects."
  type        = bool
}

variable "changes" {
  description = "The stream of the table of objects, and the queue of changes that cannot be published."
  type        = object({ stream_arn = string, unpublished_queue_arn = string, unpublished_queue_url = string })
}

variable "streams" {
  description = "ARN of the stream of each table that the journal keeps, and of uploads."
  type        = map(string)
}

variable "rescue_recipient" {
  description = "The operator's public key for the journal: see the root's variable."
  type        = string
  default     = null
}

variable "openapi" {
  description = "The OpenAPI document, decoded."
  type        = any
}

variable "state_machine_template" {
  description = "Path of the state machine's definition."
  type        = string
}

variable "disposable" {
  description = "Whether destroy may remove data."
  type        = bool
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
}

variable "queues_visibility_seconds" {
  description = "Seconds after which a message comes again whose function has ended: see the root's variable."
  type        = map(number)
}

variable "background" {
  description = "How much is replicated and repaired at the same time: see the root's variable."
  type        = object({ replicate_readers = number, replicate_batch = number, repair_readers = number })
}

variable "removal_grace_hours" {
  description = "How long the copies of an object that a user deletes are kept."
  type        = number
}

variable "removals_per_hour" {
  description = "Most copies that a cluster removes from its backend in an hour without a user having asked for it: those that have moved, were damaged, or that no record names. More wait, and the alarm removals-held fires."
  type        = number
}

variable "default_quota" {
  description = "What an account may use that has no quota of its own: see the root's variable."
  type        = map(number)
}

variable "reserved_concurrency" {
  description = "Calls at the same time that are reserved for a function, and its limit, by the function's name."
  type        = map(number)
}

variable "throttling" {
  description = "Requests per second and at once, in all and for login."
  type        = object({ rate = number, burst = number, login_rate = number, login_burst = number })
}

variable "fetch" {
  description = "Rules for fetching content that messages name. allowed_hosts: 'data.example.com', '*.example.com'; empty: nothing is fetched."
  type        = object({ allowed_hosts = list(string), max_bytes = number, max_seconds = number })
}

variable "scrub" {
  description = "How the backend is compared with the catalog: see the root's variable."
  type        = object({ every_days = number, grace_days = number, slots = number, rate = number })
}
