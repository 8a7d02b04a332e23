"""The Terraform code, without deploying it."""

import pytest

from tests.infrastructure.conftest import Built
from tools.terraform import Terraform

CLUSTERS = '-var=clusters={"one"={backend="s3",provider="p",location="l"}}'
SECRETS = '-var=backend_secrets={"one"="{}"}'


def test_code_is_formatted(terraform: Terraform) -> None:
    done = terraform.run("fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout


def test_code_is_valid_without_a_warning(terraform: Terraform) -> None:
    done = terraform.run("validate", "-no-color")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stdout


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(["-var=target=local"], id="local without an endpoint could reach AWS"),
        pytest.param(
            ["-var=target=aws", "-var=endpoint_url=http://127.0.0.1:1"], id="AWS has no endpoint"
        ),
    ],
)
def test_where_to_deploy_must_be_plain(
    terraform: Terraform, wrong: list[str], built_local: Built
) -> None:
    folder = built_local.folder
    done = terraform.run(
        "plan", "-no-color", "-input=false", f"-var=build_dir={folder}", CLUSTERS, SECRETS, *wrong
    )
    assert done.returncode == 1
    assert "needs endpoint_url" in " ".join(done.stderr.replace("│", " ").split())
