"""Print NAME URL for each cluster: ``python tools/endpoints.py --instance up``."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools.local import NotDeployed, endpoints  # noqa: E402  (the path is set above)


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the entry point of each cluster.")
    parser.add_argument("--instance", required=True)
    try:
        entry_points = endpoints(parser.parse_args().instance)
    except NotDeployed as error:
        print(error, file=sys.stderr)
        return 1
    for name, url in sorted(entry_points.items()):
        print(name, url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
