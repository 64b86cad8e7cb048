"""What stores share, over reloads."""

from __future__ import annotations

import gc

import pytest
from twisted.internet.task import Clock

from protocols.channels import Settings
from protocols.daemon.channels.stores import Stores
from protocols.daemon.spec.channel import ChannelSpec


@pytest.fixture
def stores():
    return Stores()


@pytest.fixture
def connection_of(stores, tmp_path, monkeypatch):
    """``connection_of(**settings of NATS)``: what a new store has; it lives as long as what is given back."""
    monkeypatch.setattr("protocols.channels.nats.connection.obstacle", lambda reactor: None)

    def connection_of(**named):
        spec = ChannelSpec.model_validate({"store": {"nats": named}})
        return stores.store_for("readings", spec, Settings(), tmp_path, Clock())._connection

    return connection_of


def test_the_same_place_is_connected_to_once(connection_of):
    one = connection_of(user="me", password="secret")
    assert connection_of(user="me", password="secret", stream="other") is one
    assert connection_of(user="me", password="other") is not one
    assert connection_of() is not one


def test_a_token(connection_of):
    one = connection_of(token="secret")
    assert one.settings.token == "secret"
    assert connection_of(token="other") is not one


def test_files_that_have_changed_want_another_connection(connection_of, tmp_path):
    file = tmp_path / "nats.creds"
    file.write_text("old")
    before = connection_of(credentials=str(file))
    assert connection_of(credentials=str(file)) is before
    file.write_text("new")
    after = connection_of(credentials=str(file))
    assert after is not before
    assert connection_of(credentials=str(file)) is after


def test_what_nobody_has_is_forgotten_with_its_password(connection_of, stores):
    one = connection_of(password="secret", user="me")
    assert len(stores._connections) == 1
    del one
    gc.collect()
    assert len(stores._connections) == 0
    assert list(stores._connections.keys()) == []
