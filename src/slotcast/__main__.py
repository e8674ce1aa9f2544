"""`python -m slotcast` is `slotcast`."""

import sys

from slotcast.cli import main

sys.exit(main())
