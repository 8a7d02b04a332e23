"""``python -m mcos_rescue``, and what ``mcos-rescue.pyz`` runs."""

import sys

from mcos_rescue.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
