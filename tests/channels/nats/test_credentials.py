"""A file of credentials, as ``nsc`` writes it, for a server that trusts an operator.

NATS's manual, "Decentralized JWT authentication", has the claims.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time

import nkeys
import pytest
import pytest_twisted
from twisted.internet import reactor

from protocols.channels.nats import obstacle

LIMITS = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
JETSTREAM = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)


class Identity:
    """A pair of keys, which signs what it says of others."""

    def __init__(self, kind):
        self.seed = nkeys.encode_seed(os.urandom(32), kind)
        self.keys = nkeys.from_seed(self.seed)
        self.name = self.keys.public_key.decode()

    def says(self, subject, name, claims):
        """A JWT about `subject`."""
        body = {"iat": int(time.time()), "iss": self.name, "sub": subject, "name": name, "nats": claims}
        digest = hashlib.sha256(json.dumps(body).encode()).digest()
        body["jti"] = base64.b32encode(digest).decode().rstrip("=")
        parts = [_encoded({"typ": "JWT", "alg": "ed25519-nkey"}), _encoded(body)]
        signature = self.keys.sign(".".join(parts).encode())
        return ".".join([*parts, base64.urlsafe_b64encode(signature).decode().rstrip("=")])


def _encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.fixture
def trusting(nats_server_class, free_port, tmp_path):
    """A server that trusts an operator, and the credentials of a user of one of its accounts."""
    if obstacle(reactor) is not None:
        pytest.skip("runs no asyncio")
    operator, account, system, user = (
        Identity(kind)
        for kind in (
            nkeys.PREFIX_BYTE_OPERATOR,
            nkeys.PREFIX_BYTE_ACCOUNT,
            nkeys.PREFIX_BYTE_ACCOUNT,
            nkeys.PREFIX_BYTE_USER,
        )
    )
    claims = {"type": "account", "version": 2, "limits": {**LIMITS, "wildcards": True}}
    accounts = {
        account.name: operator.says(account.name, "A", claims | {"limits": claims["limits"] | JETSTREAM}),
        system.name: operator.says(system.name, "SYS", claims),
    }
    of_operator = {"type": "operator", "version": 2, "system_account": system.name}
    lines = [f"operator: {operator.says(operator.name, 'O', of_operator)}", "resolver: MEMORY"]
    lines += ["resolver_preload: {", *(f"  {name}: {jwt}" for name, jwt in accounts.items()), "}"]
    (tmp_path / "server.conf").write_text("\n".join(lines))
    of_user = {"type": "user", "version": 2, **dict.fromkeys(("subs", "data", "payload"), -1)}
    credentials = tmp_path / "user.creds"
    credentials.write_text(
        "-----BEGIN NATS USER JWT-----\n"
        f"{account.says(user.name, 'U', of_user)}\n"
        "------END NATS USER JWT------\n\n"
        "-----BEGIN USER NKEY SEED-----\n"
        f"{user.seed.decode()}\n"
        "------END USER NKEY SEED------\n"
    )
    server = nats_server_class(tmp_path / "js", free_port(), "--config", str(tmp_path / "server.conf"))
    server.start()
    yield server, credentials
    server.kill()


@pytest_twisted.ensureDeferred
async def test_a_file_of_credentials(trusting, opened_channel):
    server, credentials = trusting
    async with opened_channel(server.url, settings={"credentials": credentials}) as bench:
        (receipt,) = await bench.publish(b"x")
        assert receipt.seq == 1


@pytest_twisted.ensureDeferred
async def test_a_file_that_is_not_there(trusting, opened_channel, said, tmp_path):
    server, _ = trusting
    file = tmp_path / "none.creds"
    async with opened_channel(server.url, settings={"credentials": file}):
        pass
    place = server.url.removeprefix("nats://")
    assert said == [f"NATS at {place} is away: {file}: No such file or directory"]
