"""Runs Locust with as little of it changed as it can live with."""

from __future__ import annotations

import sys


def main() -> None:
    """Be ``locust`` with the arguments of our own command line."""
    from gevent import monkey

    # Locust waits with time.sleep() in its own loops; nothing else is replaced.
    monkey.patch_time()
    sys.argv[0] = "locust"
    from locust.main import main as locust

    locust()


if __name__ == "__main__":
    main()
