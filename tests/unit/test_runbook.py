"""The runbook has an entry for each alarm, and for nothing else."""

import re
from pathlib import Path

from mcos.model.concerns import Concern
from tests.support.alarms import written_alarms

ROOT = Path(__file__).parents[2]
BY_DEFAULT = {"create_object": 20000.0, "download_object": 10000.0, "stat_object": 2000.0}


def entries() -> list[str]:
    """Names of the alarms that have an entry."""
    text = (ROOT / "docs/runbook.md").read_text()
    alarms = text.partition("\n# Alarms\n")[2].partition("\n# ")[0]
    return [name for line in re.findall(r"^## (.*)$", alarms, re.M) for name in line.split(", ")]


def test_each_alarm_has_an_entry_and_each_entry_an_alarm() -> None:
    names = [one.name for one in written_alarms(BY_DEFAULT)]
    assert sorted(entries()) == sorted([*names, "spend"])


def test_each_concern_is_an_alarm() -> None:
    names = {one.name for one in written_alarms({}) if one.metric == "Concern"}
    assert names == {one.value for one in Concern}


def test_the_calls_with_alarms_are_those_of_the_deployment() -> None:
    text = (ROOT / "infra/terraform/variables.tf").read_text()
    (written,) = re.findall(r"calls += optional\(map\(number\), \{(.*?)\}\)", text)
    pairs = (one.split("=") for one in written.split(","))
    assert {name.strip(): float(limit) for name, limit in pairs} == BY_DEFAULT
