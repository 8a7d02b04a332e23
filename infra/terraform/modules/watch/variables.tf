variable "prefix" {
  description = "First part of every name."
  type        = string
}

variable "account_id" {
  description = "AWS account."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "clusters" {
  description = "Names of all linked clusters."
  type        = list(string)
}

variable "publisher" {
  description = "The cluster that publishes the changes of all clusters and writes their journal."
  type        = string
}

variable "topic_arn" {
  description = "SNS topic that is told of alarms; null: one is made."
  type        = string
  default     = null
}

variable "calls" {
  description = "The calls that have alarms of their own, and how many milliseconds one of a hundred may take."
  type        = map(number)
}

variable "dashboard" {
  description = "Whether there is a dashboard."
  type        = bool
}

variable "monthly_limit_usd" {
  description = "What the account may cost in a month; null: that is not watched."
  type        = number
  default     = null
}
