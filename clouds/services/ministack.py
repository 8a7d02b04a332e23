"""MiniStack processes: the AWS emulator, and S3 services of their own.

They are apart so that a storage service can be stopped while the emulator, with the Lambdas in
it, goes on.
"""

import contextlib
import json
import time
from abc import abstractmethod
from pathlib import Path

from clouds import credentials, ports, progress, venvs, wait
from clouds.errors import CloudsError
from clouds.files import remove, write_whole
from clouds.instance import REPLICAS
from clouds.process import ServerProcess
from clouds.services.base import Backend, Service, wait_until_it_answers
from clouds.services.buckets import REGION, S3Access, aws_client

_START_SECONDS = 60.0
_SAVE_SECONDS = 600.0
_FORGET_SECONDS = 30.0
_USER = "replicas"
_ACCOUNT = "100000000000"
"""The account that has the user and the bucket of the replicas.

MiniStack lets a root key do everything in its account, and checks no signature of it: a limit of
the emulator, which is why it listens on 127.0.0.1 only. The root key of an account is its number,
and "test" is that of account 000000000000, in which the Lambdas run. So the bucket is in an account
of its own: a Lambda that forgot the key of its backend is refused, instead of getting in with its
own. Only who names this account needs no key.
"""


class _MiniStack(Service):
    """What all of them have in common."""

    program: tuple[str | Path, ...] = ("-m", "ministack")
    """What its interpreter runs."""

    @property
    @abstractmethod
    def port(self) -> int:
        """The one port that it listens on."""

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def folder(self) -> Path:
        """Where it keeps its state."""
        return self.instance.folder / self.name

    @property
    def processes(self) -> list[ServerProcess]:
        # It saves its state when it ends, and calls that it still serves may hold it up.
        seconds = _SAVE_SECONDS if self.instance.durable else _FORGET_SECONDS
        return [ServerProcess(self.instance, self.name, stop_seconds=seconds)]

    def environment(self) -> dict[str, str]:
        """MiniStack's settings. The emulator's Lambdas see them too."""
        kept = "1" if self.instance.durable else "0"
        return {
            # Signatures are checked, and each function may do what its role grants and no more.
            "AUTH": "true",
            "BIND_HOST": ports.HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": kept,
            "STATE_DIR": str(self.folder / "state"),
            "S3_PERSIST": kept,
            "S3_DATA_DIR": str(self.folder / "s3"),
            "TMPDIR": str(self.folder / "tmp"),
            # Listeners of services that are not used here.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
        }

    def launch(self) -> None:
        (process,) = self.processes
        if not process.alive():
            temporary = self.folder / "tmp"
            remove(temporary)  # what its functions have unpacked
            temporary.mkdir(parents=True)
            command = [venvs.python_of("emulator"), *self.program]
            process.start(command, self.environment(), [self.port])
        wait_until_it_answers(process, self.answers, _START_SECONDS)

    def answers(self) -> bool:
        """Whether it serves requests."""
        return wait.http_status(f"{self.url}/_ministack/ready") == 200


class Emulator(_MiniStack):
    """AWS itself: Lambda, API Gateway, Step Functions, DynamoDB, S3, SQS and the rest."""

    name = "emulator"
    description = "MiniStack (AWS)"
    program = (Path(__file__).parent.parent / "servers" / "emulator_server.py",)

    @property
    def port(self) -> int:
        return self.instance.ports.emulator

    @property
    def generation(self) -> int:
        """How often it came back without what had been changed: a deployment then looks again."""
        return int(self._generation.read_text()) if self._generation.exists() else 0

    def launch(self) -> None:
        if not self.running():
            if self._unsaved.exists() and not self._saved():
                self._say_what_is_lost()
                write_whole(self._generation, f"{self.generation + 1}\n")
            write_whole(self._unsaved, "")
        super().launch()

    def stop(self) -> bool:
        in_order = super().stop()
        if in_order:
            self._unsaved.unlink(missing_ok=True)
        elif self.instance.durable:
            progress.say(self.name, f"did not end in {_SAVE_SECONDS:.0f} s and was killed")
        return in_order

    @property
    def _generation(self) -> Path:
        return self.folder / "generation"

    @property
    def _unsaved(self) -> Path:
        """Is there, with the time of its start, from then on until it has ended in order."""
        return self.folder / "unsaved"

    def _saved(self) -> bool:
        """Whether all its state was written since its start, by whomever it was ended."""
        started = self._unsaved.stat().st_mtime
        written = [file.stat().st_mtime for file in self._states()]
        return bool(written) and min(written) > started

    def _states(self) -> list[Path]:
        return list((self.folder / "state").glob("*.json"))

    def _say_what_is_lost(self) -> None:
        if not self.instance.durable:
            return
        saved = max((file.stat().st_mtime for file in self._states()), default=0)
        since = f"since {time.ctime(saved)} " if saved else ""
        progress.say(self.name, f"did not end in order: lost is what was changed in it {since}-")
        progress.say("", "messages, what was staged, and the catalog. Replicas are untouched, and")
        progress.say("", "their services have a journal, from which the catalog is brought back.")


class S3(_MiniStack, Backend):
    """The storage service of the cluster ``s3``: S3, and IAM that says who may use it."""

    name = kind = "s3"
    description = "MiniStack (S3 and IAM only)"

    @property
    def port(self) -> int:
        return self.instance.ports.s3

    @property
    def key_pair(self) -> tuple[str, str]:
        """Access key and secret key, as they are kept; empty before its first start."""
        return self.credentials.s3_access_key, self.credentials.s3_secret_key

    @property
    def access(self) -> S3Access:
        """How to reach it; raises :class:`CloudsError` before its first start."""
        if not all(self.key_pair):
            name = self.instance.name
            raise CloudsError(
                f"{self.name} has no access key before its first start: start {name} first"
            )
        return S3Access(self.url, *self.key_pair)

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "SERVICES": "s3,iam",
            # Its data outlives a stop in every instance: outages are what tests play.
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
        }

    def secret(self) -> dict[str, str]:
        return self.access.secret()

    def create_replicas_container(self) -> None:
        self._create_access_key()
        self.access.create_bucket()

    def _create_access_key(self) -> None:
        """Have a user who may use the bucket of the replicas and nothing else, and its key.

        Objects are on disk at once, but users only after an orderly stop. After a crash the key
        may be unknown; the user then gets a new one, which the next deployment hands on.
        """
        bucket = f"arn:aws:s3:::{REPLICAS}"
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": [bucket, f"{bucket}/*"]}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        with aws_client("iam", self.url, _ACCOUNT, "not checked") as iam:
            with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
                iam.create_user(UserName=_USER)
            iam.put_user_policy(
                UserName=_USER, PolicyName=REPLICAS, PolicyDocument=json.dumps(policy)
            )
            known = iam.list_access_keys(UserName=_USER)["AccessKeyMetadata"]
            if self.key_pair[0] in [key["AccessKeyId"] for key in known]:
                return
            made = iam.create_access_key(UserName=_USER)["AccessKey"]
        self.keep_key_pair(made["AccessKeyId"], made["SecretAccessKey"])

    def keep_key_pair(self, access_key: str, secret_key: str) -> None:
        """Use this pair from now on, and remember it."""
        self.credentials = credentials.update(
            self.instance.folder, s3_access_key=access_key, s3_secret_key=secret_key
        )


class SecondS3(S3):
    """The storage service of the cluster ``s3-2``: another of the same, with users of its own."""

    name = "s3-2"

    @property
    def port(self) -> int:
        return self.instance.ports.s3_2

    @property
    def key_pair(self) -> tuple[str, str]:
        return self.credentials.s3_2_access_key, self.credentials.s3_2_secret_key

    def keep_key_pair(self, access_key: str, secret_key: str) -> None:
        self.credentials = credentials.update(
            self.instance.folder, s3_2_access_key=access_key, s3_2_secret_key=secret_key
        )
