"""The requests that stand-ins wrote down: one log, or the logs of all that a run of tests started."""

import json
import pathlib


def logged(place, sent_by=None):
    """The requests of a file or of all files in a folder; of clients whose name holds `sent_by` where it is given."""
    place = pathlib.Path(place)
    lines = []
    for file in sorted(place.glob("*.jsonl")) if place.is_dir() else [place]:
        with open(file, encoding="utf-8") as log:
            # A process that was killed may have left half a line at the end.
            lines += [json.loads(line) for line in log if line.endswith("\n")]
    return [line for line in lines if sent_by is None or sent_by in (line.get("agent") or "")]
