"""Writes the lab's ledger: what this process really published. See docs/ledger.md."""

import json
import os
import time


def now_ms():
    """Milliseconds on CLOCK_MONOTONIC, which all processes of one host share."""
    return time.clock_gettime(time.CLOCK_MONOTONIC) * 1000


def open_file(folder, instance):
    """A restarted instance that gets its old pid takes another name."""
    count = 1
    while True:
        suffix = "" if count == 1 else f"-{count}"
        path = os.path.join(folder, f"{instance}.{os.getpid()}{suffix}.ndjson")
        try:
            return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            count += 1


def open_ledger(folder, instance, broadcaster="own"):
    """Returns a function that appends one record, before its effect can be seen."""
    file = open_file(folder, instance)

    def append(**record):
        os.write(file, (json.dumps({"atMs": now_ms(), **record}) + "\n").encode())

    append(kind="boot", instance=instance, pid=os.getpid(), broadcaster=broadcaster)
    return append
