variable "target" {
  description = "Where to deploy: \"local\" (an AWS emulator on this machine) or \"aws\"."
  type        = string

  validation {
    condition     = contains(["local", "aws"], var.target)
    error_message = "The target is \"local\" or \"aws\"."
  }
}

variable "endpoint_url" {
  description = "The emulator's URL. Required for the target local, so that it can never reach AWS; null for aws."
  type        = string
  default     = null

  validation {
    condition     = (var.target == "local") == (var.endpoint_url != null)
    error_message = "The target local needs endpoint_url, the emulator's URL; the target aws must not have one."
  }
}

variable "relay_url" {
  description = "URL at which Terraform itself reaches the emulator, if it is not endpoint_url: see tools/relay.py."
  type        = string
  default     = null
}

variable "region" {
  description = "AWS region of all clusters."
  type        = string
  default     = "us-east-1"
}

variable "prefix" {
  description = "First part of the name of everything that is deployed."
  type        = string
  default     = "mcos"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.prefix))
    error_message = "2 to 16 lower-case letters, digits and hyphens, a letter first: it is part of bucket names."
  }
}

variable "build_dir" {
  description = "Folder with the output of tools/build.py for this target: zips and functions.json."
  type        = string
}

variable "layer_folders" {
  description = "Unpacked folders for Python's path, by layer, which functions get instead of layers. Only for an emulator that runs functions on this machine; null: layers."
  type        = map(string)
  default     = null

  validation {
    condition     = var.layer_folders == null || var.target == "local"
    error_message = "layer_folders must be null on AWS."
  }
}

variable "clusters" {
  description = <<-EOT
    The clusters, by name. For each:
    - backend: kind of its backend, one of those of mcos.storage.kinds;
    - provider, location: who runs the backend and where; placement prefers distinct providers;
    - labels: labels by which storage policies select clusters;
    - weight: share of the replicas, relative to the other clusters;
    - default_prefer: mode of a request without Prefer, "respond-async" or "wait";
    - backend_bucket_arn: only if the backend is AWS S3 and is accessed by role, without keys;
    - vpc: subnets and security groups of the functions that use the backend, if it is reached from
      within a network only; from there, AWS's services must be reached too.
  EOT
  type = map(object({
    backend            = string
    provider           = string
    location           = string
    labels             = optional(map(string), {})
    weight             = optional(number, 1)
    default_prefer     = optional(string, "respond-async")
    backend_bucket_arn = optional(string)
    vpc                = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
  }))

  validation {
    condition     = alltrue([for name in keys(var.clusters) : can(regex("^[a-z][a-z0-9-]{0,15}$", name))])
    error_message = "A cluster's name must have 1 to 16 lower-case letters, digits and hyphens and begin with a letter."
  }

  validation {
    condition     = alltrue([for cluster in values(var.clusters) : contains(keys(local.build.backend_layers), cluster.backend)])
    error_message = "A backend must be one of ${join(", ", keys(local.build.backend_layers))}."
  }

  validation {
    condition     = alltrue([for cluster in values(var.clusters) : cluster.vpc == null || try(length(cluster.vpc.subnet_ids) > 0 && length(cluster.vpc.security_group_ids) > 0, false)])
    error_message = "vpc needs at least one subnet and one security group."
  }

  validation {
    condition     = alltrue([for cluster in values(var.clusters) : contains(["respond-async", "wait"], cluster.default_prefer)])
    error_message = "default_prefer must be \"respond-async\" or \"wait\"."
  }
}

variable "backend_secrets" {
  description = <<-EOT
    How each cluster reaches its backend, by cluster, as JSON text. S3 and Ceph: {"endpoint_url"?,
    "region", "bucket", "access_key"?, "secret_key"?}; Swift: {"auth_url", "user", "key",
    "container"}, or what README.md says of Keystone. All: {"ca_certificate"?}. Ephemeral: in no plan
    and no state.
  EOT
  type        = map(string)
  ephemeral   = true
  sensitive   = true
}

variable "backend_secrets_version" {
  description = "Raise it to write backend_secrets again: they are in no state, so Terraform cannot see that they changed."
  type        = number
  default     = 1
}

variable "disposable" {
  description = "Whether destroy may remove data: buckets that are not empty, tables, and secrets without a delay."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "queues_visibility_seconds" {
  description = "Seconds after which a message comes again whose function has ended without a word, by the function (ingest_upload, repair_replica, replicate_version). Left out: six times the function's timeout, as AWS advises; AWS takes nothing below the timeout itself."
  type        = map(number)
  default     = {}

  validation {
    condition = alltrue([
      for name, seconds in var.queues_visibility_seconds :
      var.target == "local" || seconds >= try(local.build.functions[name].timeout, 0)
    ])
    error_message = "A message must be hidden for at least the timeout of the function that reads it."
  }

  validation {
    condition     = alltrue([for name in keys(var.queues_visibility_seconds) : contains(["ingest_upload", "repair_replica", "replicate_version"], name)])
    error_message = "queues_visibility_seconds names a function that reads no queue."
  }
}

variable "background" {
  description = <<-EOT
    How much each cluster replicates and repairs at the same time, whatever waits:
    - replicate_readers: functions that read the replicate queue, at least 2, the least that AWS takes;
    - replicate_batch: messages that each of them works on at once, at most 10; so readers times batch
      executions are at work, each of which calls one function for each replica;
    - repair_readers: functions that read the repair queue, each one message after the other.
  EOT
  type = object({
    replicate_readers = optional(number, 5)
    replicate_batch   = optional(number, 10)
    repair_readers    = optional(number, 2)
  })
  default = {}

  validation {
    condition     = min(var.background.replicate_readers, var.background.repair_readers) >= 2 && max(var.background.replicate_readers, var.background.repair_readers) <= 1000
    error_message = "AWS takes 2 to 1,000 readers of a queue."
  }

  validation {
    condition     = var.background.replicate_batch >= 1 && var.background.replicate_batch <= 10
    error_message = "replicate_batch is 1 to 10."
  }
}

variable "scrub" {
  description = <<-EOT
    How each cluster compares its backend with the catalog:
    - every_days: a run begins so long after the last one has ended;
    - grace_days: what is younger is never taken for an orphan;
    - slots: each run reads one share of the copies, of so many, in full;
    - rate: copies that a run looks at per second, at most.
  EOT
  type = object({
    every_days = optional(number, 7)
    grace_days = optional(number, 14)
    slots      = optional(number, 12)
    rate       = optional(number, 100)
  })
  default = {}

  validation {
    condition     = var.scrub.every_days > 0 && var.scrub.grace_days >= 1
    error_message = "every_days must be more than 0, and grace_days at least 1: less, and a backend's own delays look like orphans."
  }

  validation {
    condition     = var.scrub.slots >= 1 && var.scrub.slots <= 1000 && floor(var.scrub.slots) == var.scrub.slots && var.scrub.rate >= 0.1 && var.scrub.rate <= 1000
    error_message = "slots is 1 to 1,000, rate 0.1 to 1,000."
  }
}

variable "removal_grace_hours" {
  description = "How long the copies of an object that a user deletes are kept, so that it can be taken back; 0: not at all. They take space until then."
  type        = number
  default     = 24

  validation {
    condition     = var.removal_grace_hours >= 0
    error_message = "removal_grace_hours is 0 or more."
  }
}

variable "removals_per_hour" {
  description = "Most copies that a cluster removes from its backend in an hour without a user having asked for it: those that have moved, were damaged, or that no record names. More wait, and the alarm removals-held fires."
  type        = number
  default     = 100000 # a job that moves 20 replicas a second makes 72,000
}

variable "default_quota" {
  description = "What an account may use that has no quota of its own: bytes, objects, uploads (under way), writes_per_second. What is left out has no limit. A change holds within an hour."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.default_quota) : contains(["bytes", "objects", "uploads", "writes_per_second"], name)])
    error_message = "default_quota knows bytes, objects, uploads and writes_per_second."
  }

  validation {
    condition     = alltrue([for name, most in var.default_quota : most >= (name == "writes_per_second" ? 0.01 : 0)])
    error_message = "A quota is 0 or more, and of writes_per_second 0.01 or more."
  }
}

variable "reserved_concurrency" {
  description = "Concurrency that is reserved in each cluster for a function, by the function's name. It is taken from the account's, which others cannot use then; and the function never gets more. Empty: none, so that all functions share the account's."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.reserved_concurrency) : contains(keys(local.build.functions), name)])
    error_message = "reserved_concurrency names a function that there is not."
  }
}

variable "throttling" {
  description = "Requests per second (rate) and at once (burst) that an entry point accepts, in all and for login."
  type = object({
    rate        = optional(number, 1000)
    burst       = optional(number, 2000)
    login_rate  = optional(number, 200)
    login_burst = optional(number, 400)
  })
  default = {}
}

variable "watched" {
  description = "Whether there are metrics, alarms and a dashboard: docs/runbook.md. Without them an idle deployment costs half as much, and only `mcos admin status` says what is wrong."
  type        = bool
  default     = true
}

variable "watch" {
  description = <<-EOT
    What is made of the metrics:
    - topic_arn: SNS topic that is told of alarms; null: one is made, to which you subscribe;
    - calls: the calls that have alarms of their own for errors and for being slow, and how many
      milliseconds one of a hundred may take; each costs as two alarms;
    - dashboard: whether there is one;
    - monthly_limit_usd: what the AWS account may cost in a month before the topic is told; null: any.
  EOT
  type = object({
    topic_arn         = optional(string)
    calls             = optional(map(number), { create_object = 20000, download_object = 10000, stat_object = 2000 })
    dashboard         = optional(bool, true)
    monthly_limit_usd = optional(number)
  })
  default = {}
}

variable "tracing" {
  description = "Whether AWS X-Ray traces calls, from their function through the state machine to the functions that write replicas. It costs $5 for a million traces; AWS traces a request a second, and a twentieth of the others."
  type        = bool
  default     = false
}

variable "rescue_recipient" {
  description = "Public key (age, age1...) to which the journal and the identities of replicas are encrypted. Null: they are not, and the journal has no password hashes. The private key belongs outside of AWS."
  type        = string
  default     = null

  validation {
    condition     = var.rescue_recipient == null || can(regex("^age1[02-9ac-hj-np-z]{58}$", var.rescue_recipient))
    error_message = "It must be a public key of age: age1..."
  }
}

variable "fetch" {
  description = "Rules for fetching content that messages of the inbound queues name ('source_url'), over https. allowed_hosts: 'data.example.com', or '*.example.com' for all hosts below it; empty: nothing is fetched. max_seconds must be at most 240."
  type = object({
    allowed_hosts = optional(list(string), [])
    max_bytes     = optional(number, 1073741824)
    max_seconds   = optional(number, 240)
  })
  default = {}
}
