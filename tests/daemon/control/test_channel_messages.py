"""Messages as they are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.message import Message
from protocols.daemon.control.channel_messages import StoredMessage

MESSAGES = st.builds(
    Message,
    st.integers(1, 2**60),
    st.integers(0, 2**50),
    st.binary(),
    st.text(),
    st.text(),
    st.text(),
    st.text(),
    st.lists(st.tuples(st.text(), st.text())).map(tuple),
)


@given(MESSAGES)
def test_a_message_comes_through_whole(message):
    said = StoredMessage.of(message).model_dump_json()
    assert StoredMessage.model_validate_json(said).message == message
