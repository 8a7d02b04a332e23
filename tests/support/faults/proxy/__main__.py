"""The proxy as a process: ``python -m tests.support.faults.proxy NAME=PORT:HOST:PORT ...``

One line of JSON on standard input switches a fault, and the state of all listeners comes back:
``{"listener": "s3", "fault": "drop reply", "after_bytes": 0, "status": 503, "methods": ["PUT"]}``;
without a ``fault`` it is switched off, with ``"release": true`` what is held back goes on. The end
of standard input ends the process. With ``--seed`` and ``--rate KIND=SHARE`` faults come at random.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from tests.support.faults.proxy.fault import Fault, What
from tests.support.faults.proxy.proxies import Listener, Proxies
from tests.support.faults.proxy.schedule import Schedule, Script, Seeded


def main() -> None:
    arguments = _arguments()
    with Proxies() as proxies:
        for text in arguments.listeners:
            name, _, rest = text.partition("=")
            port, host, server_port = rest.split(":")
            schedule = _schedule(arguments.seed, name, arguments.rate)
            proxies.listen(name, (host, int(server_port)), port=int(port), schedule=schedule)
        _tell(proxies)
        for line in sys.stdin:
            try:
                _obey(proxies, json.loads(line))
            except (KeyError, ValueError) as error:
                print(json.dumps({"error": repr(error)}), flush=True)
            else:
                _tell(proxies)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("listeners", nargs="+", metavar="NAME=PORT:HOST:PORT")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rate", action="append", default=[], metavar="KIND=SHARE")
    return parser.parse_args()


def _schedule(seed: int | None, name: str, rates: list[str]) -> Schedule:
    if seed is None:
        return Script()
    pairs = [rate.partition("=") for rate in rates]
    return Seeded(seed, name, {What(kind): float(share) for kind, _, share in pairs})


def _obey(proxies: Proxies, order: Mapping[str, Any]) -> None:
    listener = proxies.listeners[order["listener"]]
    if order.get("release"):
        listener.release()
        return
    listener.switch(
        Fault(
            What(order["fault"]),
            after_bytes=order.get("after_bytes", 0),
            status=order.get("status", 503),
            methods=frozenset(order.get("methods", ())),
        )
        if "fault" in order
        else None
    )


def _tell(proxies: Proxies) -> None:
    told = {name: _state(one) for name, one in proxies.listeners.items()}
    print(json.dumps(told), flush=True)


def _state(one: Listener) -> dict[str, Any]:
    return {
        "url": one.url,
        "requests": one.requests,
        "held": one.held,
        "injected": {kind.value: count for kind, count in one.injected.items()},
    }


if __name__ == "__main__":
    main()
