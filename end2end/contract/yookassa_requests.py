"""Holds every request in a log of the stand-ins against the models of YooKassa's own SDK.

    python yookassa_requests.py --requests requests.jsonl [--accepted]

Each body must be valid to the SDK and must not have a field that the SDK does not know; amounts are strings with two
decimals in a known currency; each POST has a key. `--accepted` looks only at requests that were answered with 200: in
the log of yookassa_drive.py, which sends wrong ones on purpose.
"""

import argparse
import json
import re
import sys
from urllib.parse import parse_qsl

from yookassa.domain.models.currency import Currency
from yookassa.domain.request import CapturePaymentRequest, PaymentRequest, RefundRequest
from yookassa.domain.request import SavePaymentMethodRequestFactory

from requests_log import logged

ROOT = "/yookassa/v3"
CURRENCIES = {value for name, value in vars(Currency).items() if name.isupper()}
BOUNDS = {f"{field}.{bound}" for field in ("created_at", "captured_at") for bound in ("gte", "gt", "lte", "lt")}
QUERIES = {
    "/payments": BOUNDS | {"payment_method", "status", "limit", "cursor"},
    "/refunds": {name for name in BOUNDS if name.startswith("created")} | {"payment_id", "status", "limit", "cursor"},
}


class Wrong(Exception):
    """What is wrong with a request."""


def model_of(path, body):
    """The SDK's model of a call's body, read from it; none where the call has no body."""
    if path == "/payments":
        return PaymentRequest(body)
    if path == "/refunds":
        return RefundRequest(body)
    if re.fullmatch(r"/payments/[^/]+/capture", path):
        return CapturePaymentRequest(body) if body else None
    if path == "/payment_methods":
        return SavePaymentMethodRequestFactory().create(body, "request")
    if re.fullmatch(r"/payments/[^/]+/cancel", path):
        if body:
            raise Wrong("canceling takes no body")
        return None
    raise Wrong("the SDK has no such call")


def unknown_fields(sent, known, path=""):
    """Names of fields that were sent and that the SDK has dropped."""
    if path == "metadata":
        return []
    lost = []
    if isinstance(sent, dict) and isinstance(known, dict):
        for name, value in sent.items():
            place = f"{path}.{name}".lstrip(".")
            lost += unknown_fields(value, known[name], place) if name in known else [place]
    elif isinstance(sent, list) and isinstance(known, list):
        for number, (one, other) in enumerate(zip(sent, known)):
            lost += unknown_fields(one, other, f"{path}[{number}]")
    return lost


def amounts(value, path=""):
    """Each object with a currency, wherever it stands."""
    if isinstance(value, dict):
        if "currency" in value:
            yield path, value
        for name, inner in value.items():
            yield from amounts(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from amounts(inner, f"{path}[{place}]")


def check(line):
    """Raises what is wrong with a logged request."""
    path = line["path"].removeprefix(ROOT)
    if line["method"] == "GET":
        extra = {name for name, _ in parse_qsl(line["body"])} - QUERIES.get(path, set())
        if extra:
            raise Wrong(f"unknown query parameters {sorted(extra)}")
        return
    key = line["idempotency_key"]
    if not key or len(key) > 64:
        raise Wrong(f"Idempotence-Key of 1 to 64 characters is needed, not {key!r}")
    body = json.loads(line["body"]) if line["body"] else None
    model = model_of(path, body)
    if model is None:
        return
    try:
        model.validate()
    except (TypeError, ValueError) as error:
        raise Wrong(f"the SDK refuses it: {error}") from error
    lost = unknown_fields(body, dict(model))
    if lost:
        raise Wrong(f"the SDK does not know {lost}")
    for place, amount in amounts(body):
        value, currency = amount.get("value"), amount["currency"]
        if not isinstance(value, str) or not re.fullmatch(r"\d+\.\d{2}", value):
            raise Wrong(f"{place}.value must be a string with two decimals, not {value!r}")
        if currency not in CURRENCIES:
            raise Wrong(f"{place}.currency is unknown: {currency!r}")


def refusals_of_wrong_requests():
    """The checker itself: what it must refuse, each for its own reason."""
    good = {"amount": {"value": "5.00", "currency": "RUB"}, "payment_method_id": "x", "capture": True}
    item = {"description": "d", "quantity": "1.00", "amount": good["amount"], "vat_code": 1, "colour": "red"}
    receipt = {"customer": {"email": "a@example.com"}, "items": [item]}
    wrong = [
        dict(good, captured=True),
        dict(good, amount={"value": 5, "currency": "RUB"}),
        dict(good, amount={"value": "5.0", "currency": "RUB"}),
        dict(good, amount={"value": "5.00", "currency": "XXX"}),
        dict(good, amount={"value": "-5.00", "currency": "RUB"}),
        dict(good, description="x" * 129),
        dict(good, payment_method_data={"type": "bank_card"}),
        dict(good, confirmation={"type": "redirect", "return_url": "http://x", "url": "y"}),
        dict(good, receipt=receipt),
        {"capture": True},
    ]

    def passes(body, key="k"):
        line = {"path": f"{ROOT}/payments", "method": "POST", "idempotency_key": key, "body": json.dumps(body)}
        try:
            check(line)
            return True
        except (Wrong, TypeError, ValueError):
            return False

    missed = [body for body in wrong if passes(body)]
    assert passes(good), "a good request is refused"
    assert not passes(good, None) and not passes(good, "k" * 65), "a key is not checked"
    assert not missed, f"wrong requests pass: {missed}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", required=True, help="the log that the stand-ins wrote, or a folder of logs")
    parser.add_argument("--accepted", action="store_true", help="only requests that were answered with 200")
    parser.add_argument("--sent-by", metavar="NAME", help="only requests of clients that name themselves so")
    options = parser.parse_args()
    refusals_of_wrong_requests()
    lines = [line for line in logged(options.requests, options.sent_by) if line["provider"] == "yookassa"]
    if options.accepted:
        lines = [line for line in lines if line["status"] == 200]
    faults = 0
    for line in lines:
        try:
            check(line)
        except (Wrong, TypeError, ValueError) as error:
            faults += 1
            print(f"{line['method']} {line['path']}: {error}\n    {line['body']}", file=sys.stderr)
    print(f"YooKassa: {len(lines)} requests held against yookassa 3.13.0, {faults} wrong")
    return 1 if faults or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
