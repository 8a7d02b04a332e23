"""Python runs this when a function of the embedded emulator starts, as it is on its PYTHONPATH.

Functions run on the emulator's interpreter. What is installed there for the emulator itself is
taken off their path, so that what is missing in the layers is missing here, as it is on AWS.
"""

import site
import sys

_not_ours = tuple(site.getsitepackages())
sys.path[:] = [folder for folder in sys.path if not folder.startswith(_not_ours)]
