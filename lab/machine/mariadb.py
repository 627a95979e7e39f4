"""A real MariaDB server for tests: unpacked into a tree of its own, never installed or a service.

It runs as a child process on a unix socket alone, with a data directory that its user chooses.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.machine.shell import wait_until
from lab.machine.tree import Tree
from lab.topology.default import LabError

# The tree's own loader and libraries run it, so it fits to any machine.
_RUN = """\
root=$1
data=$2
shift 2
loader=$(ls "$root"/lib/*/ld-linux*.so* | head -n 1)
lib=${loader%/*}
exec "$loader" --library-path "$lib:$root/usr/lib/${lib##*/}" "$root/usr/sbin/mariadbd" \\
    --no-defaults --basedir="$root/usr" --datadir="$data" --tmpdir="$data" --user=root \\
    --lc-messages-dir="$root/usr/share/mysql" --plugin-dir="$root/usr/lib/mysql/plugin" \\
    --character-sets-dir="$root/usr/share/mysql/charsets" --skip-networking \\
    --innodb-buffer-pool-size=8M --innodb-log-file-size=4M --innodb-flush-log-at-trx-commit=0 \\
    --performance-schema=off "$@"
"""
# The system tables are made once, as mariadb-install-db makes them.
_RECIPE = f"""\
set -eu
mkdir -p "$1/data/mysql"
share=$1/usr/share/mysql
run() {{
{_RUN}}}
{{
    echo 'CREATE DATABASE IF NOT EXISTS mysql;'
    echo 'USE mysql;'
    cat "$share/mysql_system_tables.sql" "$share/mysql_system_tables_data.sql"
}} | (run "$1" "$1/data" --bootstrap)
"""
SERVER = Tree("mariadb", ("mariadb-server-core",), "extract", _RECIPE, "MariaDB server")


@contextmanager
def mariadb(directory: Path) -> Iterator[Path]:
    """Run a server whose root needs no password; gives its socket.

    Args:
        directory: an empty directory for its data.

    Raises:
        LabError: it could not be fetched, or does not start.
    """
    tree = SERVER.ensure()
    data, socket = directory / "data", directory / "s"
    shutil.copytree(tree / "data", data)
    argv = ["sh", "-ec", _RUN, "mariadb", str(tree), str(data), f"--socket={socket}"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: socket.exists() or process.poll() is not None, timeout=60)
        if process.poll() is not None or not socket.exists():
            said = (directory / "log").read_text(errors="replace")[-600:]
            raise LabError(f"MariaDB does not start. It said: {said}")
        yield socket
    finally:
        process.kill()
        process.wait()
