"""The unit of comparison: paramiko connects, runs one script, and closes; in threads.

``bare_paramiko.py JOB WORKERS``; nothing is parsed, the private key is read once, and each client
knows the one host key that it needs.
"""

from __future__ import annotations

import base64
import json
import queue
import sys
import threading
from pathlib import Path
from typing import Any

import paramiko


def main() -> None:
    """Get the facts of all switches."""
    job = json.loads(Path(sys.argv[1]).read_text())
    known = {
        line.split(",")[0]: base64.b64decode(line.split()[2])
        for line in Path(job["known_hosts"]).read_text().splitlines()
    }
    key = paramiko.Ed25519Key.from_private_key_file(job["key"])
    script = Path(job["script"]).read_bytes()
    waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    done: list[bytes] = []
    for host in job["hosts"]:
        waiting.put(host)

    def work() -> None:
        while (host := waiting.get()) is not None:
            host_key = paramiko.Ed25519Key(data=known[host])
            done.append(one(host, host_key, key, script))

    threads = [threading.Thread(target=work) for _ in range(int(sys.argv[2]))]
    for thread in threads:
        waiting.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    for output in done:
        sys.stdout.buffer.write(output)


def one(host: str, host_key: Any, key: Any, script: bytes) -> bytes:  # noqa: ANN401 - paramiko's keys
    """Return the output of one switch."""
    with paramiko.SSHClient() as client:
        client.get_host_keys().add(host, host_key.get_name(), host_key)
        client.connect(
            host, username="root", pkey=key, allow_agent=False, look_for_keys=False, timeout=120
        )
        stdin, stdout, stderr = client.exec_command("sh -s", timeout=120)
        stdin.write(script)
        stdin.channel.shutdown_write()
        output: bytes = stdout.read()
        stderr.read()
        stdout.channel.recv_exit_status()
        return output


if __name__ == "__main__":
    main()
