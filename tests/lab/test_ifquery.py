"""The model of the interfaces files against the real ``ifquery``, on generated files.

Each run draws others by its seed. ``VIPKEEPER_DIFFERENTIAL_FILES`` asks for more of them,
``VIPKEEPER_DIFFERENTIAL_SEED`` says which is the first.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections import defaultdict

import pytest

from lab.lab import Lab
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from napalm_cumulus.config.snapshot import take
from tests.lab.interfaces_generator import interfaces_text
from tests.lab.switch import PastTheNetwork

FILES = int(os.environ.get("VIPKEEPER_DIFFERENTIAL_FILES", "120"))
_DRAWN = 453 + int(os.environ["VIPKEEPER_SEED"]) % max(1, 20_000 - FILES)
SEED = int(os.environ.get("VIPKEEPER_DIFFERENTIAL_SEED", _DRAWN))
#: So many are asked by the program itself as well.
PLAIN = 4

#: ifupdown2 keeps these at the index of the ``address`` before them, or drops them.
_RELATED = {"netmask", "scope", "broadcast", "preferred-lifetime"}
_GAVE_UP = "main exception"
_NOTHING_AUTO = "no ifaces found matching given allow lists"

#: ifquery's own program, each run of it in a process of its own that finds its modules imported:
#: importing them takes half of a run's time.
_IFQUERY = """
import os, sys
HOME = "/usr/share/ifupdown2"
sys.path[:0] = [HOME, HOME + "/addons"]
with open(HOME + "/__main__.py") as file:
    program = compile(file.read(), HOME + "/__main__.py", "exec")
import ifupdown.main, ifupdown.client, lib.nlcache
for addon in sorted(os.listdir(HOME + "/addons")):
    if addon.endswith(".py") and addon != "__init__.py":
        __import__(addon[:-3])
for name in sys.stdin.read().split():
    child = os.fork()
    if not child:
        for number, end in ((1, ".json"), (2, ".err")):
            os.dup2(os.open(name + end, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv = ["/sbin/ifquery", "-a", "-i", name, "-o", "json"]
        try:
            exec(program, {"__name__": "__main__"})
        except SystemExit:
            pass
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    os.waitpid(child, 0)
"""
_QUERY = f"""
set -e
rm -rf /tmp/differential && mkdir /tmp/differential && cd /tmp/differential && tar -xf -
ls >/tmp/differential.list && split -n l/2 /tmp/differential.list /tmp/differential.part.
cat >/tmp/differential.py <<'END'
{_IFQUERY}
END
for part in /tmp/differential.part.*; do python3 /tmp/differential.py <$part & done
wait
for f in $(head -n {PLAIN} /tmp/differential.list); do
    ifquery -a -i "$f" -o json >"$f.plain" 2>/dev/null || :
done
rm -f /tmp/differential.*
tar -cf - .
"""

Meaning = dict[str, list[tuple[str, str]]]


def answers(lab: Lab, texts: dict[str, str]) -> dict[str, str]:
    """What the leaf's own ifquery says of every text: ``NAME.json`` and ``NAME.err``.

    Of some ``NAME.plain`` is what its program says when it is started as it always is.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in texts.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    done = PastTheNetwork(lab, "03").run(_QUERY, stdin=packed.getvalue(), timeout=4 * 3600)
    assert done.exit_status == 0, done.stderr
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        return {
            member.name.removeprefix("./"): content.read().decode()
            for member in archive
            if (content := archive.extractfile(member)) is not None
        }


def real_meaning(said: str) -> Meaning:
    """ifquery's objects as interface to sorted attribute lines."""
    meaning: Meaning = defaultdict(list)
    for interface in json.loads(said or "[]"):
        lines = meaning[interface["name"]]
        for name, value in interface.get("config", {}).items():
            values = value if isinstance(value, list) else [value]
            lines += [(name, each) for each in values if name not in _RELATED]
    return {name: sorted(lines) for name, lines in meaning.items()}


def our_meaning(text: str) -> Meaning:
    """The same from the model."""
    configuration = Configuration({MAIN_FILE: text})
    meaning: Meaning = defaultdict(list)
    for name in configuration.auto:
        for at in configuration.counted[name]:
            meaning[name] += [
                (a.name, a.value) for a in at.stanza.attributes if a.name not in _RELATED
            ]
    return {name: sorted(lines) for name, lines in meaning.items()}


def test_the_model_agrees_with_ifquery(lab: Lab) -> None:
    texts = {str(seed): interfaces_text(seed) for seed in range(SEED, SEED + FILES)}
    said = answers(lab, texts)
    plain = [name for name in said if name.endswith(".plain")]
    assert len(plain) == PLAIN
    for name in plain:
        assert said[name] == said[name.replace(".plain", ".json")]
    compared = 0
    for name, text in texts.items():
        errors = said[f"{name}.err"]
        if _GAVE_UP in errors and _NOTHING_AUTO not in errors:
            continue  # not a file that ifupdown2 accepts
        compared += 1
        assert our_meaning(text) == real_meaning(said[f"{name}.json"]), (
            f"seed {name}:\n{text}\nifquery said:\n{errors}"
        )
    assert compared > 0.8 * FILES, f"ifquery gave up on {FILES - compared} of {FILES} files"


@pytest.mark.parametrize("leaf", ["01", "03"])
def test_the_model_reads_a_leafs_own_files_as_ifquery_does(lab: Lab, leaf: str) -> None:
    configuration = take(PastTheNetwork(lab, leaf)).disk
    said = lab.exec_leaf(leaf, ["ifquery", "-a", "-o", "json"], check=True).stdout
    ours: Meaning = defaultdict(list)
    for at in configuration.stanzas():
        for name in at.stanza.interfaces:
            ours[name] += [(a.name, a.value) for a in at.stanza.attributes]
    assert {name: sorted(lines) for name, lines in ours.items()} == real_meaning(said)
