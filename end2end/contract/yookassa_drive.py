"""Drives the stand-in of YooKassa by YooKassa's own SDK: what it answers is what the SDK expects, or this fails.

    doubles --port 8450 --yookassa-webhook http://127.0.0.1:8451/hook
    python yookassa_drive.py --url http://127.0.0.1:8450 --listen 8451

Each part has a shop of its own. Parts move the stand-ins' clock, so nothing else may use it meanwhile.
"""

import argparse
import sys
import time
import traceback

from yookassa import Configuration

from yookassa_parts import keys, payments, refunds, rest, saved
from yookassa_parts.helpers import here
from yookassa_parts.tools import Double, Receiver

FIRST_SHOP = 100_500


def parts():
    """All parts, in the order of reading."""
    for module in (payments, keys, saved, refunds, rest):
        for name, part in vars(module).items():
            if name.startswith("part_"):
                yield name.removeprefix("part_"), part


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="the address of the stand-ins")
    parser.add_argument("--listen", required=True, type=int, help="the port to which YooKassa's notifications are sent")
    parser.add_argument("--only", help="the parts whose name has this in it")
    options = parser.parse_args()
    here.double, here.receiver = Double(options.url), Receiver(options.listen)
    chosen = [(name, part) for name, part in parts() if not options.only or options.only in name]
    failed = []
    for number, (name, part) in enumerate(chosen):
        here.shop = str(FIRST_SHOP + number)
        Configuration.configure(here.shop, "test_key", api_url=here.double.api, max_attempts=1)
        begun = time.monotonic()
        try:
            part()
            print(f"  {name}: {part.__doc__} ({time.monotonic() - begun:.1f} s)")
        except Exception:  # noqa: BLE001, each part is told of, also after one that has failed
            failed.append(name)
            print(f"  {name} FAILED", file=sys.stderr)
            traceback.print_exc()
    here.double.control("clock", {"now": int(time.time())})
    print(f"YooKassa: {len(chosen) - len(failed)} of {len(chosen)} parts by yookassa 3.13.0 passed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
