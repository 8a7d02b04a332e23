output "topic_arn" {
  description = "SNS topic that is told of alarms."
  value       = local.topic
}
