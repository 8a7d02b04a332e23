"""A deployment: changed by hand, upgraded, rolled back, taken away and made again.

It is that of a copy of the checkout. The tests follow each other.
"""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.long.checkout import UP_SECONDS, Checkout, checkout
from tools import local

pytestmark = pytest.mark.long

CONTENT = b"one object\n"
SOURCE = "functions/app.py"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with checkout(tmp_path_factory.mktemp("deployed") / "mcos") as made:
        made.make("up")
        yield made


def run(copy: Checkout, tool: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of the copy to its end."""
    return subprocess.run(
        [sys.executable, f"tools/{tool}.py", *options],
        cwd=copy.root,
        env=copy.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=UP_SECONDS,
    )


def deploy(copy: Checkout, *options: str) -> subprocess.CompletedProcess[str]:
    return run(copy, "deploy", "--instance", "up", *options)


def client(copy: Checkout, service: str) -> Any:
    """A client of the copy's emulator."""
    return local.session(f"http://127.0.0.1:{copy.base}").client(service)


def releases(copy: Checkout) -> set[str]:
    """What the entry points say that they are."""
    found = set()
    for line in copy.make("-s", "endpoints").splitlines():
        with urllib.request.urlopen(f"{line.split()[1]}/v1/health", timeout=60) as reply:
            found.add(reply.read().decode().split('"release": "')[1].split('"')[0])
    return found


def use(copy: Checkout, folder: Path) -> None:
    """Store an object, and read it."""
    file = folder / "object"
    file.write_bytes(CONTENT)
    copy.mcos("mb", "deployed")
    copy.mcos("put", "--wait", str(file), "deployed/object")
    assert copy.mcos("cat", "deployed/object") == CONTENT
    copy.mcos("rm", "--wait", "deployed/object")
    copy.mcos("rb", "deployed")


def test_a_second_plan_is_clean(copy: Checkout) -> None:
    found = deploy(copy, "--plan")
    assert (found.returncode, found.stdout) == (0, "")


def test_what_is_changed_by_hand_is_named_and_put_right(copy: Checkout) -> None:
    queues, functions = client(copy, "sqs"), client(copy, "lambda")
    url = queues.get_queue_url(QueueName="mcos-s3-repair")["QueueUrl"]
    wanted = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    functions.update_function_configuration(FunctionName="mcos-ceph-login", MemorySize=128)
    functions.delete_alias(FunctionName="mcos-swift-no_route", Name="live")
    found = deploy(copy, "--plan")
    assert found.returncode == 2
    lines = found.stdout.splitlines()
    assert [one for one in lines if "aws_sqs_queue.repair: changed by hand" in one]
    assert [one for one in lines if 'this["login"]: changed by hand' in one]
    assert [one for one in lines if 'aws_lambda_alias.live["no_route"]' in one]
    assert deploy(copy).returncode == 0
    now = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert now["Attributes"] == wanted["Attributes"]
    assert deploy(copy, "--plan").returncode == 0


def test_a_rollback_is_one_command_and_the_next_deployment_goes_forward(
    copy: Checkout, tmp_path: Path
) -> None:
    (first,) = releases(copy)
    source = copy.root / SOURCE
    source.write_text(source.read_text() + "\n# another digest\n")
    assert deploy(copy).returncode == 0
    (second,) = releases(copy)
    assert second != first
    assert deploy(copy, "--rollback").returncode == 0
    assert releases(copy) == {first}
    use(copy, tmp_path)
    assert deploy(copy, "--rollback").returncode == 1  # before the first there is none
    assert releases(copy) == {first}
    assert deploy(copy).returncode == 0
    assert releases(copy) == {second}


def test_what_was_destroyed_is_deployed_again(copy: Checkout, tmp_path: Path) -> None:
    assert deploy(copy, "--destroy").returncode == 0
    assert not client(copy, "lambda").list_functions()["Functions"]
    copy.make("up")
    use(copy, tmp_path)


def test_no_call_fails_during_an_upgrade_and_a_rollback(copy: Checkout) -> None:
    copy.make("down")
    found = run(copy, "upgrade", "--rollback")
    assert found.returncode == 0, found.stdout
