"""What operators do on the command line."""

import json

import httpx

from mcos.model.accounts import Role
from tests.unit.client.command_line import Mcos


def test_admin_cluster_ls(mcos: Mcos) -> None:
    mcos("admin", "cluster", "ls", code=5)
    mcos.system.add_account(Role.ADMIN)
    lines = mcos("admin", "cluster", "ls").text.splitlines()[1:]
    facts = {line.split()[0]: line.split()[1:] for line in lines}
    assert facts["s3"] == ["s3", "ACTIVE", "well", "1", "s3", "here", "-"]
    values = mcos("admin", "cluster", "ls", "--json").values
    assert [one["name"] for one in values] == sorted(facts) == ["ceph", "s3", "swift"]
    mcos("admin", "cluster", "rm", "none", code=3)


def test_admin_sets_a_policy_as_it_is_written(mcos: Mcos) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"name": "p", **json.loads(request.content)})

    mcos.system.instead = echo
    parts = ["--part", "1,speed=fast", "--part", "2,cost~low,place=a~b"]
    [value] = mcos("admin", "policy", "set", "p", *parts, "--readable", "1", "--json").values
    assert value["parts"] == [
        {"replicas": 1, "must": {"speed": "fast"}, "should": {}},
        {"replicas": 2, "must": {"place": "a~b"}, "should": {"cost": "low"}},
    ]


def test_admin_holds_removals_and_releases_them(mcos: Mcos) -> None:
    mcos.system.add_account(Role.ADMIN)
    assert mcos("admin", "removals", "hold", "s3").text == "removals from s3 are held\n"
    held = {
        one["name"]: one["removals_held"] for one in mcos("admin", "cluster", "ls", "--json").values
    }
    assert held == {"ceph": False, "s3": True, "swift": False}
    assert mcos("admin", "removals", "release", "s3").text == "removals from s3 go on\n"
    mcos("admin", "removals", "hold", "none", code=3)


def test_admin_gives_an_account_a_quota_and_its_user_sees_it(mcos: Mcos) -> None:
    mcos.system.add_account(Role.ADMIN)
    name = mcos.system.account
    given = ["--quota", "bytes=10G", "--quota", "objects=none", "--quota", "writes_per_second=0.5"]
    [value] = mcos("admin", "account", "set", name, *given, "--json").values
    assert value["quota"] == {"bytes": 10 * 1024**3, "objects": None, "writes_per_second": 0.5}
    assert "bytes=10.0GiB objects=none writes_per_second=0.5" in mcos("admin", "account", "ls").text
    [value] = mcos("admin", "account", "set", name, "--default-quota", "--json").values
    assert value["quota"] == {}
    for wrong in ("bytes", "bytes=", "what=1", "objects=1.5", "bytes=x"):
        mcos("admin", "account", "set", name, "--quota", wrong, code=2)
    mcos("admin", "account", "set", name, "--quota", "bytes=1", "--default-quota", code=2)
    mcos("admin", "account", "set", name, code=2)
    [own] = mcos("quota", "--json").values
    assert own["used"] == {"bytes": 0, "objects": 0, "uploads": 0}
    assert own["quota"]["bytes"] is None
    assert mcos("quota").text.split()[:4] == ["used", "at", "most", "bytes"]
