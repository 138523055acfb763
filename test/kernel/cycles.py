"""Starts and stops, or restarts, the installed kernel as Jupyter does; prints one JSON line of what it saw.

    python cycles.py start|restart COUNT
"""

import json
import sys
import time

from jupyter_client import KernelManager


# What an earlier kernel kept, a new one must not know.
CELL = "const known = globalThis as { kept?: number }; known.kept = (known.kept ?? 0) + 1"


def first_cell(manager):
    client = manager.blocking_client()
    client.start_channels()
    results = []

    def collect(message):
        if message["msg_type"] == "execute_result":
            results.append(message["content"]["data"]["text/plain"])

    try:
        client.wait_for_ready(timeout=120)
        reply = client.execute_interactive(CELL, timeout=120, output_hook=collect)
    finally:
        client.stop_channels()
    if reply["content"]["status"] != "ok" or results != ["1"]:
        raise SystemExit(f"a fresh kernel answered {reply['content']}, and showed {results}")


def main(mode, count):
    starts, stops, codes = [], [], []
    manager = None
    for cycle in range(count):
        begin = time.monotonic()
        if manager is None or mode == "start":
            manager = KernelManager(kernel_name="nnlab")
            manager.start_kernel()
        else:
            # By hand what restart_kernel does, so that stop and start are timed one by one.
            manager.start_kernel(**manager._launch_args)
        first_cell(manager)
        now = time.monotonic()
        starts.append(now - begin)
        process = manager.provisioner.process
        manager.shutdown_kernel(restart=mode == "restart" and cycle < count - 1)
        stops.append(time.monotonic() - now)
        codes.append(process.returncode)
    print(json.dumps({"starts": starts, "stops": stops, "codes": codes}))


main(sys.argv[1], int(sys.argv[2]))
