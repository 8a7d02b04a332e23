"""Let clients work on an in-process cloud while things go wrong, with new seeds, for hours.

Each seed is printed, and with ``--seed`` and ``--trouble`` a run is done again. The code is that of
``tests/support/faults``; exits with 1 if anything was lost, wrong, stuck or left behind.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / path) for path in ("layers/mcos/python", "functions", "client/src", "")]

from tests.support import environment  # noqa: E402, F401  (first: it sets the environment)
from tests.support.faults.register import Visibility  # noqa: E402
from tests.support.faults.run import Shape  # noqa: E402
from tests.support.faults.soak import reports, soak, table  # noqa: E402
from tests.support.faults.trouble import TROUBLES  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="do the run with this seed again, and no other")
    parser.add_argument("--trouble", choices=TROUBLES, help="only this kind; all in turn without")
    arguments = parser.parse_args()
    names = [arguments.trouble] if arguments.trouble else list(TROUBLES)
    end = time.monotonic() + arguments.hours * 3600
    again = arguments.seed is not None
    tallies = soak(
        reports(
            {name: TROUBLES[name] for name in names},
            first_seed=arguments.seed if again else time.time_ns() // 1_000_000,
            shape=Shape(),
            visibility=Visibility.AT_ONCE,
        ),
        is_over=lambda: again or time.monotonic() > end,
    )
    print(table(tallies))
    return int(
        any(one.lost + one.wrong_reads + one.stuck + one.misplaced for one in tallies.values())
    )


if __name__ == "__main__":
    sys.exit(main())
