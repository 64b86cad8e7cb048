"""Rules that could never do what they say."""

from __future__ import annotations

import pytest

from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

YAML = """
networks: {{office: [10.0.0.0/8, lab], lab: 192.0.2.0/24}}
services:
  site:
    listen: [tcp://:0, unix:site.sock]
    {keys}
"""


@pytest.fixture
def loaded(written, tmp_path):
    def loaded(keys: str):
        return load(written(YAML.format(keys=keys)))

    return loaded


@pytest.fixture
def warned(loaded):
    def warned(rules: str) -> list[str]:
        found = loaded(f"builtin: echo\n    access: {rules}").warnings
        return [f"{one.path} {one.message}" for one in found]

    return warned


@pytest.mark.parametrize(
    ("rules", "later", "earlier"),
    [
        ("[allow: office, deny: 10.1.0.0/16]", "[1].deny", 20),
        ("[allow: office, deny: lab]", "[1].deny", 20),
        ("[allow: [lab, office]]", None, 0),
        ("[allow: [office, lab]]", "[0].allow[1]", 21),
        ("{deny: office, allow: lab}", ".allow", 20),
        ("[deny: all, allow: unix]", "[1].allow", 20),
        ("[deny: all, allow: {hours: '08:00-09:00'}]", "[1].allow", 20),
        ("[deny: 'uid:0', allow: {networks: unix, uids: [root]}]", "[1].allow", 20),
        ("[deny: 'uid:0', allow: {uids: [root, 5]}]", None, 0),
        ("[deny: {hours: '08:00-12:00'}, allow: office]", None, 0),
        ("[deny: {hours: '08:00-12:00'}, allow: {hours: '09:00-10:00'}]", "[1].allow", 20),
    ],
)
def test_a_rule_that_decides_nothing(warned, rules, later, earlier) -> None:
    found = warned(rules)
    if later is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].startswith(f"services.site.access{later} this rule decides nothing: the one at ")
        assert "polyport.yaml:7:" in found[0]


def test_what_is_inherited_is_warned_of_once(written) -> None:
    yaml = "defaults: {access: [deny: all, allow: unix]}\nservices:\n"
    yaml += "".join(f"  {name}: {{listen: 'tcp://:0', builtin: echo}}\n" for name in "abc")
    assert [one.path for one in load(written(yaml)).warnings] == ["defaults.access[1].allow"]


def test_accounts_of_a_service_that_is_not_started_are_not_looked_for(loaded) -> None:
    loaded("enabled: false\n    builtin: echo\n    access: {allow: 'uid:of-another-machine'}")
    with pytest.raises(ConfigError, match="this machine has no user"):
        loaded("builtin: echo\n    access: {allow: 'uid:of-another-machine'}")


def test_a_site_knows_users_by_the_login_of_any_route(written, tmp_path) -> None:
    (tmp_path / "users").write_text("")
    keys = "access: {{allow: user:alice}}\n    http: {{/: {{respond: a{}}}, /b: {{respond: b}}}}"
    tcp = YAML.replace(", unix:site.sock", "")
    load(written(tcp.format(keys=keys.format(", auth: {basic: users}"))))
    with pytest.raises(ConfigError, match="no route has auth"):
        load(written(tcp.format(keys=keys.format(""))))


@pytest.mark.parametrize("who", ["user:alice", "certificate:CN=alice"])
def test_a_load_balancer_may_tell_of_certificates(written, who) -> None:
    keys = f"builtin: echo\n    access: {{allow: '{who}'}}"
    tcp = YAML.replace(", unix:site.sock", "")
    load(written(tcp.format(keys=f"accept_proxy: lab\n    {keys}")))
    with pytest.raises(ConfigError, match="not asked for certificates"):
        load(written(tcp.format(keys=keys)))


def test_users_of_a_unix_socket_are_known_by_their_accounts(loaded) -> None:
    loaded("builtin: echo\n    access: {allow: user:alice}")


def test_a_secret_name_is_not_said(written) -> None:
    yaml = YAML.format(keys='builtin: echo\n    access: {allow: "${env:WHO}"}')
    with pytest.raises(ConfigError) as raised:
        load(written(yaml), environment={"WHO": "hunter2"})
    assert "hunter2" not in str(raised.value)
    assert "services.site.access.allow" in str(raised.value)
