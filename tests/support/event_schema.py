"""The documented schema of the events, as a judge of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

EVENTS = Path(__file__).parents[2] / "events"

SCHEMA: dict[str, Any] = json.loads(
    (EVENTS / "schemas" / "object_state_change.json").read_text("utf-8")
)

_VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
_DETAIL = Draft202012Validator(
    {**SCHEMA["$defs"]["detail"], "$defs": SCHEMA["$defs"]},
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)


def check_event(event: dict[str, Any]) -> None:
    """Raise if an event, as a rule's target gets it, is not one that the schema documents."""
    _VALIDATOR.validate(event)
    check_detail(event["detail"])


def check_detail(detail: Mapping[str, Any]) -> None:
    """The same of the detail alone; users may get more, tests may not."""
    _DETAIL.validate(detail)
    documented = SCHEMA["$defs"]["detail"]["properties"]
    assert set(detail) == set(documented)
    one_replica = documented["replicas"]["items"]["properties"]
    assert all(set(replica) == set(one_replica) for replica in detail["replicas"])
