# The key that signs tokens. Secrets Manager generates it, and Terraform writes it to no plan and no
# state.

resource "aws_secretsmanager_secret" "token_key" {
  name_prefix             = "${var.prefix}/token-key-"
  description             = "Signs and checks the tokens of all clusters."
  recovery_window_in_days = var.disposable ? 0 : 30

  # A name is taken for as long as what had it can be recovered: so each secret has its own, and
  # what was destroyed can be deployed again the same day. Those of release 0.1.0 stay.
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
