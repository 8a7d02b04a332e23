terraform {
  required_version = ">= 1.11.0, < 2.0.0" # write-only arguments and ephemeral values

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # The path is given by tools/deploy.py, one state an instance. For a team on AWS, put another
  # backend in backend_override.tf (see README.md).
  backend "local" {}
}
