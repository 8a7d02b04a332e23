# The keys of tokens: what signs, which only login may read, and what verifies, which cannot sign.
# tools/token_keys.py writes both, so that no key is in a plan or a state, and so that a new key can
# be published before it signs.

resource "aws_secretsmanager_secret" "token_key" {
  name_prefix             = "${var.prefix}/token-key-"
  description             = "Public keys by which all clusters verify tokens."
  recovery_window_in_days = var.disposable ? 0 : 30

  # A name is taken for as long as what had it can be recovered: so each secret has its own, and
  # what was destroyed can be deployed again the same day. Those of release 0.1.0 stay.
  lifecycle {
    ignore_changes = [name, name_prefix]
  }
}

# What signs is an encrypted parameter, which costs nothing while it lies there, named after the secret.
# tools/token_keys.py makes it: of one that Terraform has made, the text would be in its state.
locals {
  signing_keys = "mcos/signing-keys/${aws_secretsmanager_secret.token_key.name}"
}

# Release 0.1.0 had Terraform write the one key that it had. It stays until the first rotation.
removed {
  from = aws_secretsmanager_secret_version.token_key

  lifecycle {
    destroy = false
  }
}
