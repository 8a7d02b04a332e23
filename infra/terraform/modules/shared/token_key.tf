# The key that signs tokens. Secrets Manager generates it, and Terraform writes it to no plan and no
# state.

resource "aws_secretsmanager_secret" "token_key" {
  name                    = var.disposable ? "${var.prefix}/token-key" : null
  name_prefix             = var.disposable ? null : "${var.prefix}/token-key-" # as that of a backend's secret
  description             = "Signs and checks the tokens of all clusters."
  recovery_window_in_days = var.disposable ? 0 : 30

  lifecycle {
    ignore_changes = [name, name_prefix]
  }
}

ephemeral "aws_secretsmanager_random_password" "token_key" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "token_key" {
  secret_id                = aws_secretsmanager_secret.token_key.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.token_key.random_password
  secret_string_wo_version = var.token_key_version
}
