"""``tools/first_object.py``: what ``make up`` ends with."""

import json
import os
import stat
import subprocess
import sys

from tests.functional.conftest import INSTANCE, ROOT

CONFIG = ROOT / ".mcos" / INSTANCE / "mcos.json"


def first_object() -> str:
    return subprocess.run(
        [sys.executable, "tools/first_object.py", "--instance", INSTANCE],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
    ).stdout


def test_a_first_object_is_stored_shown_and_read_at_every_entry_point_and_once_is_enough(
    endpoints: dict[str, str],
) -> None:
    first, second = first_object(), first_object()
    for told in (first, second):
        assert "state     CREATED" in told
        assert told.count("# the same bytes") == len(endpoints)
        assert f"export MCOS_CONFIG={CONFIG}" in told
    assert "letters/readme.md is there from an earlier run" in second
    version = next(line for line in first.splitlines() if line.startswith("version"))
    assert version in second.splitlines()


def test_who_is_logged_in_is_kept_beside_the_clouds_for_its_owner_only(
    endpoints: dict[str, str],
) -> None:
    told = first_object()
    assert stat.S_IMODE(os.stat(CONFIG).st_mode) == 0o600
    profiles = json.loads(CONFIG.read_text())["profiles"]
    assert sorted(profiles["default"]["entry_points"]) == sorted(endpoints.values())
    assert {name: profiles[name]["entry_points"] for name in endpoints} == {
        name: [url] for name, url in endpoints.items()
    }
    assert all(one["token"] not in told for one in profiles.values())
