import sys

from mcos_serve.main import main

sys.exit(main())
