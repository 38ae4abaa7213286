"""Drives the stand-in of Stripe by Stripe's own SDK: what it answers and sends is as Stripe's, or this fails.

    doubles --port 8450 --stripe-webhook http://127.0.0.1:8451/stripe --stripe-secret whsec_drive
    python stripe_drive.py --url http://127.0.0.1:8450 --listen 8451 --secret whsec_drive

Every answer and event is checked by stripe_responses.py. Parts move the stand-ins' clock, so nothing else may use it
meanwhile.
"""

import argparse
import sys
import time
import traceback

import stripe

from stripe_parts import checkout, customers, events, keys, payments, refunds
from stripe_parts.tools import Receiver, connect, control, here
from stripe_requests import problems_of


def parts():
    """All parts, in the order of reading."""
    for module in (customers, checkout, payments, refunds, keys, events):
        for name, part in vars(module).items():
            if name.startswith("part_"):
                yield name.removeprefix("part_"), part


def accepted_and_wrong():
    """Requests that the stand-in takes and Stripe would not: no param may pass that Stripe's API does not have."""
    accepted = (logged for logged in control("requests") if logged["provider"] == "stripe" and logged["status"] < 400)
    return [f"accepted {problem}" for logged in accepted for problem in problems_of(logged)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="the address of the stand-ins")
    parser.add_argument("--listen", required=True, type=int, help="the port to which Stripe's events are sent")
    parser.add_argument("--secret", required=True, help="what signs them")
    parser.add_argument("--only", help="the parts whose name has this in it")
    options = parser.parse_args()
    here.url, here.client = options.url.rstrip("/"), connect(options.url.rstrip("/"))
    here.receiver = Receiver(options.listen, options.secret)
    chosen = [(name, part) for name, part in parts() if not options.only or options.only in name]
    failed = []
    for name, part in chosen:
        begun = time.monotonic()
        try:
            part()
            control("events/idle")
            print(f"  {name}: {part.__doc__} ({time.monotonic() - begun:.1f} s)")
        except Exception:  # noqa: BLE001, each part is told of, also after one that has failed
            failed.append(name)
            print(f"  {name} FAILED", file=sys.stderr)
            traceback.print_exc()
            control("clock", {"now": int(time.time())})
    here.found += accepted_and_wrong()
    for problem in sorted(set(here.found)):
        print(f"  not as Stripe: {problem}", file=sys.stderr)
    passed = len(chosen) - len(failed)
    seen = f"{here.answers} answers and {len(here.receiver.came)} events checked"
    print(f"Stripe: {passed} of {len(chosen)} parts by stripe {stripe.VERSION} passed; {seen}")
    return 1 if failed or here.found or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
