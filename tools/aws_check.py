"""Check a deployment of its own, by one command: on AWS by a person who has an account, or here.

    python tools/aws_check.py FILE.tfvars --secrets FILE.json [--yes]
    python tools/aws_check.py --instance test [--keep]

It deploys (``tools/deploy.py``), has users work at every entry point, damages a replica, drains a
cluster, replaces keys, asks AWS what only AWS can tell (``docs/aws.md``), prints one page, and
destroys everything, also when a check fails or Ctrl-C comes. It ends with 1 if anything failed.

On AWS it costs money, so it says how much it would make, and asks (``--yes``: does not ask). It
needs what is nobody's: a variables file and a prefix of its own, and backends that are empty. On
the local clouds it shows what the emulator, and the rules before it, do.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client/src"), str(ROOT / "layers/mcos/python")]

from clouds.instance import NAMES  # noqa: E402  (the path is set above)
from tools import build  # noqa: E402
from tools.checking.page import Check, Outcome, Page, Secrets  # noqa: E402
from tools.checking.promises import LAST, PROMISES, READY  # noqa: E402
from tools.checking.questions import QUESTIONS, counts  # noqa: E402
from tools.checking.site import Place, Site  # noqa: E402
from tools.checking.trials import NotDone, NotFresh, OnAws, OnLocalClouds, Trial  # noqa: E402
from tools.terraform import TerraformError  # noqa: E402

CHECKS: tuple[Check[Site], ...] = (*PROMISES, *QUESTIONS, *LAST)
_TRIES = 2
"""How often destroying is tried: AWS refuses some of it for a moment, and Ctrl-C may come twice."""

Confirm = Callable[[str], bool]


def check(
    trial: Trial,
    confirm: Confirm,
    *,
    say: Callable[[str], None],
    make_site: Callable[[Place, Secrets], Site] = Site,
    checks: Sequence[Check[Site]] = CHECKS,
    ready: Check[Site] = READY,
) -> Page | None:
    """Deploy, look, and destroy; what was seen. None: nothing was done.

    Parameters
    ----------
    confirm
        Is told what will be made; whether to go on.
    say
        Is told what happens.

    Raises
    ------
    NotFresh, NotDone, TerraformError
        Nothing was deployed.
    """
    hidden = Secrets()
    hidden.add_settings(trial.settings.values())
    planned = trial.plan()
    if not confirm(planned):
        return None
    page = Page(trial.title, hidden, say)
    try:
        _deploy_and_look(trial, page, make_site, checks, ready)
    except (Exception, KeyboardInterrupt) as error:
        # It is on the page already, if it came from a step.
        if not page.has_failed:
            page.add("the check itself", Outcome.FAILED, f"{type(error).__name__}: {error}")
    finally:
        _destroy(trial, page)
    page.counts = {"planned": planned, **page.counts}
    return page


def _deploy_and_look(
    trial: Trial,
    page: Page,
    make_site: Callable[[Place, Secrets], Site],
    checks: Sequence[Check[Site]],
    ready: Check[Site],
) -> None:
    began = datetime.now(UTC)
    with page.step("deployed") as said:
        place = trial.deploy()
        page.secrets.add_settings(trial.settings.values())
        said.append(f"{len(place.endpoints)} clusters in {place.region}")
    site = make_site(place, page.secrets)
    left = list(checks)
    try:
        with page.step("two accounts are added"):
            site.add_accounts()
        page.run(ready, site)
        while left:
            one = left.pop(0)
            site.stay_logged_in()
            page.run(one, site)
    except BaseException:
        for one in left:
            page.add(one.title, Outcome.LEFT_OUT, "it was stopped before")
        raise
    finally:
        try:
            page.counts = counts(site, began)
        finally:
            site.close()


def _destroy(trial: Trial, page: Page) -> None:
    for left in reversed(range(_TRIES)):
        began = page.now()
        try:
            page.say("taking everything away")
            said = trial.destroy()
        except (Exception, KeyboardInterrupt) as error:
            words = f"{type(error).__name__}: {error}"
            if left:
                page.say(f"{page.secrets.without(words)}; once more")
                continue
            text = f"{words}. What is left costs money. By hand: {trial.by_hand}"
            page.add("everything is taken away", Outcome.FAILED, text, page.now() - began)
        else:
            page.add("everything is taken away", Outcome.OK, said, page.now() - began)
            return


def ask(planned: str) -> bool:
    """Ask whoever sits at the terminal; without one, the answer is no."""
    if not sys.stdin.isatty():
        print(f"{planned}. --yes says that this is meant.", file=sys.stderr)
        return False
    print(f"{planned}. Type yes to go on: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == "yes"


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("file", nargs="?", type=Path, metavar="FILE", help="variables for AWS")
    where.add_argument("--instance", choices=NAMES, help="local clouds: test")
    parser.add_argument("--secrets", type=Path, metavar="FILE", help="{cluster: secret}, for AWS")
    parser.add_argument("--yes", action="store_true", help="do not ask before it costs money")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="local clouds: take what is deployed as it is, and leave it",
    )
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), default="arm64")
    parser.add_argument("--python", default="3.13", help="AWS runtime")
    options = parser.parse_args()
    if options.file and not options.secrets:
        parser.error("--secrets FILE.json says how the clusters reach their backends")
    if options.file and options.keep:
        parser.error("--keep is for local clouds: on AWS, everything is destroyed")
    # A terminal that is closed, or a machine that is shut down, is a Ctrl-C.
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.default_int_handler)
    try:
        if options.instance:
            trial: Trial = OnLocalClouds(options.instance, keep=options.keep)
        else:
            target = build.Target("aws", options.python, options.architecture)
            trial = OnAws(options.file, options.secrets, target)
        confirm = (lambda _: True) if options.yes or options.instance else ask
        page = check(trial, confirm, say=lambda text: print(text, file=sys.stderr, flush=True))
    except (NotFresh, NotDone, TerraformError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was deployed", file=sys.stderr)
        return 1
    if page is None:
        return 1
    print(page.text(), end="")
    return 1 if page.has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
