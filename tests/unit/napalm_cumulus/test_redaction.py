"""Which lines of a configuration lose a secret, and which stay as they are."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from napalm_cumulus.redaction import REMOVED, without_secrets
from runbooks.run.records import plain

#: A line, and what must not be left of it.
SECRETS = [
    # interfaces: options, and comments
    ("    wpa-psk hunter2", "hunter2"),
    ("    wpa-psk my pass phrase", "phrase"),
    ("    wpa-password hunter2", "hunter2"),
    ("    wpa-private-key-passwd hunter2", "hunter2"),
    ("    wpa-wep-key0 hunter2", "hunter2"),
    ("    wpa-key1 hunter2", "hunter2"),
    ("    wireless-key hunter2", "hunter2"),
    ("#    wpa-psk hunter2", "hunter2"),
    ("# password hunter2", "hunter2"),
    ("# password: hunter2", "hunter2"),
    ("# the password is hunter2", "hunter2"),
    ("# old psk was hunter2", "hunter2"),
    ("# API token = hunter2", "hunter2"),
    ("# pw: hunter2", "hunter2"),
    ("# root pw is hunter2", "hunter2"),
    ("# password for the BMC is hunter2", "hunter2"),
    ("# password of bob: hunter2", "hunter2"),
    ("# login bob, secret hunter2, do not tell", "hunter2"),
    ("+    wpa-psk hunter2", "hunter2"),
    ("-    wpa-psk hunter2", "hunter2"),
    # 802.1x and wpa_supplicant
    ("    post-up wpa_cli set_network 0 password '\"hunter2\"'", "hunter2"),
    ("    post-up wpa_cli -i eth0 set_network 0 psk hunter2", "hunter2"),
    ('    psk="hunter two"', "two"),
    ("802-1x.password=hunter2", "hunter2"),
    ("    dot1x-password hunter2", "hunter2"),
    ("mka_cak=0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    # programs
    ("    post-up curl -u bob:hunter2 https://x.example/y", "hunter2"),
    ("    post-up curl -sSu bob:hunter2 https://x.example/y", "hunter2"),
    ("    post-up curl -ubob:hunter2 https://x.example/y", "hunter2"),
    ("    post-up curl --user 'bob:hunter 2' https://x.example/y", "hunter"),
    ("    post-up curl --user=bob:hunter2 --proxy-user a:other3 https://x.example/y", "other3"),
    ("    post-up curl --user=bob:hunter2 --proxy-user a:other3 https://x.example/y", "hunter2"),
    ('    post-up curl -H "Authorization: Token hunter2" https://x.example', "hunter2"),
    ("    post-up curl -H 'Authorization: Basic aHVudGVyMg==' https://x.example", "aHVudGVyMg"),
    ("    post-up curl -H 'Authorization: Bearer hunter2' https://x.example", "hunter2"),
    ("    post-up curl -H 'X-Api-Key: hunter2' https://x.example", "hunter2"),
    ("    post-up curl -H 'X-Auth-Token: hunter2' https://x.example", "hunter2"),
    ("    post-up curl -b 'a' -H 'Cookie: sid=hunter2' https://x.example", "hunter2"),
    ("    post-up curl 'https://x.example/up?token=hunter2&if=swp1'", "hunter2"),
    ("    post-up curl 'https://x.example/up?if=swp1&key=hunter2'", "hunter2"),
    ("    post-up curl https://bob:hunter2@x.example/up", "hunter2"),
    ("    post-up curl https://bob:hun@ter2@x.example/up", "ter2"),
    ("    post-up git pull https://ghp_0123456789abcdefghij@x.example/r", "0123456789"),
    ("    post-up wget --password hunter2 https://x.example", "hunter2"),
    ("    post-up wget --password=hunter2 https://x.example", "hunter2"),
    ("    post-up wget --http-password=hunter2 https://x.example", "hunter2"),
    ("    post-up PGPASSWORD=hunter2 psql -h db", "hunter2"),
    ("    post-up MYSQL_PWD=hunter2 mysql", "hunter2"),
    ("    post-up mysql -phunter2 -u bob", "hunter2"),
    ("    post-up AWS_SECRET_ACCESS_KEY=hunter2 aws s3 ls", "hunter2"),
    ("    post-up sshpass -p hunter2 ssh bob@x", "hunter2"),
    ("    post-up ldapsearch -D cn=bob -w hunter2", "hunter2"),
    ("    post-up smbclient -U bob%hunter2 //x/y", "hunter2"),
    ("    post-up openssl rsa -passin pass:hunter2 -in k", "hunter2"),
    ("    post-up mount -o user=bob,pass=hunter2 //x /y", "hunter2"),
    ("    post-up snmpset -v2c -c hunter2 10.0.0.1 x i 1", "hunter2"),
    ("    post-up snmpget -v3 -A hunter2 -X other3 10.0.0.1 x", "hunter2"),
    ("    post-up snmpget -v3 -A hunter2 -X other3 10.0.0.1 x", "other3"),
    ("    post-up snmpget -v3 -u bob -a SHA -A hunter2 -x AES -X other3 10.0.0.1 x", "other3"),
    ("    post-up ipmitool -I lanplus -H 10.0.0.1 -U bob -P hunter2 power on", "hunter2"),
    ("    post-up echo bob:hunter2 | chpasswd", "hunter2"),
    ("    post-up htpasswd -b /etc/x bob hunter2", "hunter2"),
    ("    post-up htpasswd -cbB -C 5 /etc/x bob 'hunter; 2'", "hunter"),
    ("    post-up htpasswd -nb bob hunter2", "hunter2"),
    ("    post-up mosquitto_passwd -b /etc/x bob hunter2", "hunter2"),
    ("    post-up useradd -m -p hunter2 -G sudo bob", "hunter2"),
    ("    post-up useradd -mp hunter2 bob", "hunter2"),
    ("    post-up useradd -phunter2 bob", "hunter2"),
    ("    post-up usermod -p 'hunter2' bob", "hunter2"),
    ("    post-up groupadd -p hunter2 ops", "hunter2"),
    ("    post-up useradd --password hunter2 bob", "hunter2"),
    ("    post-up openssl enc -aes-256-cbc -k hunter2 -in x", "hunter2"),
    ("    post-up openssl enc -d -K 0badcafe -iv 99 -in x", "0badcafe"),
    ("    post-up openssl enc -d -pass pass:hunter2 -in x", "hunter2"),
    ("    post-up openssl dgst -hmac hunter2 -sha256 x", "hunter2"),
    ("    post-up openssl mac -macopt hexkey:0badcafe -in x", "0badcafe"),
    ("    post-up openssl passwd -6 -salt x hunter2", "hunter2"),
    ("    post-up mkpasswd -m sha-512 hunter2", "hunter2"),
    ("    post-up curl -b sid=hunter2 https://x.example", "hunter2"),
    ("    post-up curl -sb 'sid=hunter2; a=b' https://x.example", "hunter2"),
    ("    post-up curl --cookie sid=hunter2 https://x.example", "hunter2"),
    ("    post-up curl --cookie=sid=hunter2 https://x.example", "hunter2"),
    ("    post-up ssh-keygen -t ed25519 -N hunter2 -f /k", "hunter2"),
    ("    post-up redis-cli -a hunter2 ping", "hunter2"),
    # the kernel's keys
    ("    post-up ip macsec add macsec0 tx sa 0 pn 1 on key 01 " + "81" * 16, "8181"),
    ("    post-up ip xfrm state add src 1.1.1.1 enc 'cbc(aes)' 0x0badcafe", "badcafe"),
    ("    post-up ip xfrm state add auth-trunc 'hmac(sha256)' 0x0badcafe 128", "badcafe"),
    ("    post-up ip xfrm state add aead 'rfc4106(gcm(aes))' 0x0badcafe 128", "badcafe"),
    ('    post-up ip xfrm state add auth sha1 "hunter2"', "hunter2"),
    ("    post-up wg set wg0 peer abc preshared-key hunter2", "hunter2"),
    ("PresharedKey = hunter2=", "hunter2"),
    ("PrivateKey = hunter2=", "hunter2"),
    ("    wg-preshared-key hunter2", "hunter2"),
    # FRR
    ("neighbor 10.0.0.1 password hunter2", "hunter2"),
    (" neighbor swp1 password 8 hunter2", "hunter2"),
    ("    post-up vtysh -c 'conf t' -c 'neighbor 10.0.0.1 password hunter2'", "hunter2"),
    ("password hunter2", "hunter2"),
    ("enable password 8 hunter2", "hunter2"),
    ("enable secret 5 hunter2", "hunter2"),
    (" isis password md5 hunter2", "hunter2"),
    (" isis password clear hunter2", "hunter2"),
    (" area-password md5 hunter2", "hunter2"),
    (" domain-password clear hunter2", "hunter2"),
    (" ip ospf message-digest-key 1 md5 hunter2", "hunter2"),
    (" ip ospf authentication-key hunter2", "hunter2"),
    (" area 1 virtual-link 10.0.0.1 message-digest-key 1 md5 hunter2", "hunter2"),
    (" ip rip authentication string hunter2", "hunter2"),
    ("  key-string hunter2", "hunter2"),
    ("bgp listen range 10.0.0.0/8 md5 hunter2", "hunter2"),
    ("tacacs-server host 10.0.0.1 key 7 hunter2", "hunter2"),
    ("radius-server key hunter2", "hunter2"),
    # SNMP and others
    ("rocommunity hunter2 10.0.0.0/8", "hunter2"),
    ("com2sec local localhost hunter2", "hunter2"),
    ("trap2sink 10.0.0.1 hunter2", "hunter2"),
    ("snmp-server community hunter2 ro", "hunter2"),
    ("createUser bob SHA hunter2 AES other3", "other3"),
    ("bob:$6$salt$hash.1/x:19000", "hash.1"),
]

STAY = [
    "iface vlan453",
    "    address 130.246.212.2/22",
    "    address-virtual 00:00:5e:00:01:c5 130.246.212.1/22",
    "    hwaddress 00:11:22:33:44:55",
    "    bond-lacp-bypass-allow 1",
    "    bridge-vids 1-100 200",
    "    wpa-ssid office",
    "    wpa-key-mgmt WPA-PSK",
    "    wpa-conf /etc/wpa_supplicant/wpa_supplicant.conf",
    "    alias Basic connectivity to the token ring",
    "    alias AP-secret-lab",
    "    alias AP-secret-lab uplink",
    "    alias to AP-secret-lab swp1",
    "    alias token-ring 3",
    "iface AP-secret-lab inet static",
    "    post-up curl -b /tmp/cookies -c /tmp/cookies https://x.example",
    "    post-up useradd -m -G sudo -s /bin/sh bob",
    "    post-up openssl s_client -key /k -connect x.example:443",
    "    vxlan-local-tunnelip 10.0.0.11",
    "    post-up ip link add gre1 type gre remote 10.0.0.1 key 5",
    "    post-up ip link add link eth0 macsec0 type macsec encrypt on",
    "    post-up ip xfrm state add src 1.1.1.1 dst 2.2.2.2 proto esp spi 0x100 mode tunnel",
    "    post-up ip xfrm policy add dir out tmpl proto esp reqid 1 mode tunnel",
    "    post-up ip route add 10.0.0.0/8 via 10.0.0.1 dev $IFACE",
    "    post-up tc qdisc add dev $IFACE root tbf rate 1mbit burst 32kbit latency 400ms",
    "    post-up curl -s -o /dev/null https://x.example/up?if=swp1",
    "    post-up curl --user-agent vip https://x.example",
    "    post-up logger -p local0.info up",
    "    post-up cat /etc/passwd | wc -l",
    "    post-up md5sum /etc/network/interfaces",
    "    post-up echo bob: up | logger",
    "    post-up snmptrap -v 2c -On 10.0.0.1",
    "# the pw is with Bob, the password for the BMC is on the wiki",
    "# the pwm fans are for the spine",
    "    post-up scp bob@x.example:/y /z",
    "    post-up wget -q https://x.example:8443/path@2x.png",
    "# the key of the rack is with Bob",
    "# ask for the password of the console",
    "# see the token bucket filter below",
    " neighbor 10.0.0.1 remote-as 65000",
    " neighbor 10.0.0.1 send-community extended",
    " set community 65000:100 additive",
    " ip ospf authentication message-digest",
    "service password-encryption",
    "no service password-encryption",
    "key chain ISIS",
    " key 1",
    " bgp router-id 10.0.0.11",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA bob@x",
    "# file: /etc/network/interfaces (encoding: latin-1)",
]


@pytest.mark.parametrize(("line", "secret"), SECRETS)
def test_a_secret_is_hidden(line: str, secret: str) -> None:
    for text in (line, f"iface a\n{line}\n    mtu 9000\n"):
        found = without_secrets(text)
        assert secret not in found
        assert REMOVED in found
        assert without_secrets(found) == found
    assert without_secrets(f"iface a\n{line}\n    mtu 9000\n").endswith("\n    mtu 9000\n")


@pytest.mark.parametrize("line", STAY)
def test_what_is_none_stays(line: str) -> None:
    assert without_secrets(line) == line


def test_the_samples_of_configurations_stay() -> None:
    tree = Path(__file__).parent / "conformance/mocked_data/test_get_config/lab_leaf/tree"
    files = [path for path in tree.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert without_secrets(path.read_text()) == path.read_text()


def test_what_vip_records_holds_none() -> None:
    said = plain(
        {
            "diff": "+    wpa-psk hunter2",
            "attempts": [{"stanza": "# psk hunter2", "candidate": "#psk hunter2"}],
        }
    )
    assert "hunter2" not in json.dumps(said)
    assert plain({"log": ("password x9x", "up")}) == {"log": [f"password {REMOVED}", "up"]}


@pytest.mark.parametrize(
    "word",
    [
        *("password", "curl -u ", "bgp md5 ", "key 1 ", "tacacs key ", "a-", "neighbor ", "://a:"),
        *("echo ", "echo a:", "secret for ", "pw is ", "htpasswd -", "openssl ", "useradd -m "),
    ],
)
def test_no_line_takes_long(word: str) -> None:
    begun = time.process_time()
    without_secrets(word * 2000)
    assert time.process_time() - begun < 2
