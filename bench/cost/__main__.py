"""Print what MCOS costs on AWS: ``python -m bench.cost [--json FILE] [--no-idle]``.

Units are counted from the real handlers in this process (``bench.cost.calls``), times are assumed
(``bench.cost.assumed``), prices are AWS's list prices (``bench.cost.prices``).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("layers/mcos/python", "functions", "client/src", "rescue/src")
sys.path[:0] = [str(ROOT), *(str(ROOT / folder) for folder in _FOLDERS)]

from tests.support import environment  # noqa: E402, I001, F401  (the path is set above; it comes first)

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from bench.cost import calls, prices, units  # noqa: E402
from bench.cost.meter import metered  # noqa: E402
from tests.support.cloud import Cloud, running_cloud  # noqa: E402

_MILLION = 1_000_000
_TIB = 2**40


def main() -> int:
    parser = argparse.ArgumentParser(description="Print what MCOS costs on AWS.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all units and dollars")
    parser.add_argument("--no-idle", action="store_true", help="leave the idle month out")
    options = parser.parse_args()
    with running_cloud() as cloud:
        found = _found(cloud)
    if not options.no_idle:
        from bench.cost.idle import idle_month

        found["idle month"] = idle_month()
    _show(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


def _found(cloud: Cloud) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for name, parts in calls.counted(cloud).items():
        call, headers = parts["call"], parts.get("headers", units.Units())
        kinds[name] = {
            "units": _rounded(call),
            "dollars a million": round(_MILLION * units.dollars(call), 2),
            "storing, dollars a million": round(_MILLION * units.dollars(call, units.STORING), 2),
            "by service": {
                service: round(_MILLION * spent, 2)
                for service, spent in units.by_service(call).items()
            },
            "headers, dollars a million": round(
                _MILLION * units.dollars(headers, units.STORING), 3
            ),
        }
    apart = {}
    for name, count in calls.APART.items():
        with metered(cloud) as meter:
            counted = count(calls.Bench(cloud, meter))
        apart[name] = {
            "units": _rounded(counted),
            "dollars a million": round(_MILLION * units.dollars(counted), 2),
            "storing, dollars a million": round(
                _MILLION * units.dollars(counted, units.STORING), 2
            ),
        }
    written = {
        name: {
            "MCOS": round(kinds[name]["dollars a million"] * _TIB / size / _MILLION, 2),
            "storing": round(kinds[name]["storing, dollars a million"] * _TIB / size / _MILLION, 2),
        }
        for name, size in calls.WRITTEN.items()
    }
    return {
        "prices": {"as of": prices.AS_OF, "region": prices.REGION},
        "calls": kinds,
        "apart": apart,
        "dollars a TiB written": written,
    }


def _rounded(counted: units.Units) -> dict[str, float]:
    return {name: round(number, 4) for name, number in sorted(counted.items()) if number}


def _show(found: dict[str, Any]) -> None:
    console = Console(width=120)
    told = found["prices"]
    title = f"Dollars a million calls; list prices of {told['region']}, {told['as of']}, arm64"
    table = Table("call", "MCOS", "storing", "headers", "most of it", title=title)
    for name, one in found["calls"].items():
        most = ", ".join(f"{what} {spent:.2f}" for what, spent in [*one["by service"].items()][:4])
        table.add_row(
            name,
            f"{one['dollars a million']:.2f}",
            f"{one['storing, dollars a million']:.2f}",
            f"{one['headers, dollars a million']:.3f}",
            most,
        )
    console.print(table)
    table = Table("beside the calls", "MCOS", "storing", title="Dollars a million")
    for name, one in found["apart"].items():
        told = (one["dollars a million"], one["storing, dollars a million"])
        table.add_row(name, *(f"{dollars:.2f}" for dollars in told))
    console.print(table)
    table = Table("as", "MCOS", "storing", title="Dollars a TiB written")
    for name, one in found["dollars a TiB written"].items():
        table.add_row(name, f"{one['MCOS']:.2f}", f"{one['storing']:.2f}")
    console.print(table)
    if "idle month" in found:
        table = Table("idle month of three clusters", "without alarms", "with alarms")
        without, watched = found["idle month"]["without"], found["idle month"]["with"]
        for what in watched:
            table.add_row(what, f"{without[what]:.2f}", f"{watched[what]:.2f}")
        table.add_section()
        table.add_row("all", f"{sum(without.values()):.2f}", f"{sum(watched.values()):.2f}")
        console.print(table)


if __name__ == "__main__":
    sys.exit(main())
