"""The largest that the API takes passes all that AWS limits: inputs, items, messages, events."""

from mcos.model.objects import State
from tests.support.cloud import ASYNC, SYNC
from tests.support.uploads import Sender
from tests.support.user import User

LARGEST_INLINE = b"x" * (128 * 1024)

METADATA = {f"{number:02}": '"' * 254 for number in range(16)}
"""As much as an object may have; in JSON, a quote has two bytes."""

NAME = "\x01" * 1024
"""In JSON, a control character has six bytes."""

HEADERS = {f"x-object-meta-{name}": value for name, value in METADATA.items()}


def test_a_call_with_content_is_carried_out_whatever_is_under_way_for_its_object(
    user: User,
) -> None:
    assert user.create(NAME, b"first", {**ASYNC, **HEADERS}).status == 202
    user.cloud.settle()
    sender = Sender(user)
    for number in range(7):
        content = b"%d" % number
        upload = sender.begin(NAME, content, action="update", metadata=METADATA)
        sender.send(upload, content)
        assert sender.complete(upload).status == 202
    reply = user.update(NAME, LARGEST_INLINE, {**SYNC, **HEADERS})
    assert reply.status == 200, reply
    assert user.download(NAME).body == LARGEST_INLINE
    user.cloud.settle()
    assert user.stat(NAME)["state"] == State.CREATED
    assert user.download(NAME).body == LARGEST_INLINE
