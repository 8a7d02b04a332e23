"""The keys of tokens: ``python tools/token_keys.py [--rotate [--at-once] | --remove SECRET]``.

Without options it makes the first key of a deployment, and changes nothing if there is one.
``--rotate`` replaces the key while calls go on: run it again if it was interrupted.

Works on the secrets directly, with the rights of whoever runs it: on local clouds with
``--instance``, else on AWS (``--prefix`` and ``--region`` as in Terraform).
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "layers/mcos/python")]


def main() -> int:
    parser = argparse.ArgumentParser(description="Make or replace the key of tokens.")
    parser.add_argument("--instance", help="local clouds to work on; without it, AWS")
    parser.add_argument("--prefix", default="mcos", help="first part of every name")
    parser.add_argument("--region", help="where it is deployed on AWS")
    parser.add_argument("--rotate", action="store_true", help="replace the key; no call fails")
    parser.add_argument(
        "--at-once",
        action="store_true",
        help="with --rotate, if somebody else may have the key: all tokens end",
    )
    parser.add_argument(
        "--remove",
        metavar="SECRET",
        help="remove what signs, of a destroyed deployment whose secret had this name",
    )
    options = parser.parse_args()
    if options.at_once and not options.rotate:
        parser.error("--at-once needs --rotate")
    if options.instance:
        from tools.local import use_emulator

        use_emulator(options.instance)
    elif options.region:
        os.environ["AWS_DEFAULT_REGION"] = options.region

    from mcos.admin.token_keys import KeySecrets, ensure, remove, rotate

    if options.remove:
        remove(KeySecrets(options.remove))
        return 0
    secrets = KeySecrets(_secret(f"{options.prefix}/token-key"))
    made = rotate(secrets, at_once=options.at_once) if options.rotate else ensure(secrets)
    if made is None:
        print("there is a key already; nothing was changed")
    elif made.is_new:
        print(f"made key {made.key}, which signs from {made.signs_from}")
    else:
        print(f"key {made.key} was made before; it signs from {made.signs_from}")
    return 0


def _secret(name: str) -> str:
    """Return the name of a secret as Terraform has made it, which has given it an end of its own.

    One of release 0.1.0 has none.
    """
    from mcos.aws import client

    pages = (
        client("secretsmanager")
        .get_paginator("list_secrets")
        .paginate(Filters=[{"Key": "name", "Values": [name]}])
    )
    found = [one["Name"] for page in pages for one in page["SecretList"]]
    ours = [one for one in found if one == name or one.startswith(f"{name}-")]
    if len(ours) != 1:
        sys.exit(f"there must be one secret {name}-...; there are {sorted(ours) or 'none'}")
    return str(ours[0])


if __name__ == "__main__":
    sys.exit(main())
