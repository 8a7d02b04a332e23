"""Add an account: ``python tools/account.py [--instance up] [--role admin] NAME [-]``.

Works on the tables directly, with the rights of whoever runs it. On AWS: leave ``--instance``
out and set ``MCOS_TABLE_PREFIX`` if it is not ``mcos``. The password is what ``MCOS_PASSWORD`` in
the environment says; without it, or with ``-``, the first line of standard input. It is asked for
at a terminal. It is no argument: those can be seen by everybody on the machine.
"""

import argparse
import os
import sys
from getpass import getpass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "layers/mcos/python")]


def main() -> int:
    parser = argparse.ArgumentParser(description="Add an account.")
    parser.add_argument("--instance", help="local clouds to work on; without it, AWS")
    parser.add_argument("--role", choices=["user", "admin"], default="user")
    parser.add_argument("name")
    parser.add_argument("stdin", nargs="?", metavar="-", help="read the password from there")
    arguments = parser.parse_args()
    if arguments.instance:
        from tools.local import use_emulator

        use_emulator(arguments.instance)
    os.environ.setdefault("MCOS_TABLE_PREFIX", "mcos")

    from mcos.auth.passwords import check_strength, hash_password
    from mcos.catalog import accounts
    from mcos.errors import InvalidBody
    from mcos.model.accounts import Role
    from mcos.model.names import is_user_name

    if arguments.stdin not in (None, "-"):
        print("A password is no argument: see the top of tools/account.py", file=sys.stderr)
        return 2
    name, password = arguments.name, _password(asked_for=arguments.stdin == "-")
    if not is_user_name(name):
        print("A user name is 1 to 64 of A-Z a-z 0-9 . _ @ -", file=sys.stderr)
        return 2
    try:
        check_strength(password, name)
    except InvalidBody as error:
        print(error, file=sys.stderr)
        return 2
    hashed = hash_password(password)
    if accounts.create(name, hashed, Role(arguments.role)):
        print(f"account {name} ({arguments.role}) added")
    elif not accounts.has_password(name):
        # A journal that is not encrypted has no hashes, so who came from one has none.
        accounts.change(name, password_hash=hashed, enabled=True)
        print(f"account {name} was brought back, and has a password again")
    else:
        print(f"account {name} exists already; nothing was changed", file=sys.stderr)
        return 1
    return 0


def _password(*, asked_for: bool) -> str:
    given = os.environ.get("MCOS_PASSWORD", "")
    if given and not asked_for:
        return given
    if sys.stdin.isatty():
        return getpass()
    return sys.stdin.readline().rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
