"""Idempotence keys, and outcomes that the caller does not know."""

import threading

from yookassa import Payment, Refund
from yookassa.domain.exceptions import (BadRequestError, InternalServerError, ResponseProcessingError,
                                        TooManyRequestsError)

from .helpers import asked, charge, here, key, paid, refused, rub


def part_idempotency():
    """A key is one payment for 24 hours; after that it is another."""
    name = key()
    body = asked(metadata={"cms_name": "drive"})
    first = Payment.create(body, name)
    here.double.advance(hours=23, minutes=59)
    assert Payment.create(body, name).id == first.id
    wrong = refused(BadRequestError, lambda: Payment.create(asked("5.00"), name), "Idempotence-Key")
    assert wrong["code"] == "invalid_request"
    refused(BadRequestError, lambda: Refund.create({"payment_id": first.id, "amount": rub("1.00")}, name))
    here.double.advance(minutes=1)
    assert Payment.create(body, name).id != first.id, "after a day the same key is a new payment"
    refused(BadRequestError, lambda: Payment.create(body, "k" * 65), "Idempotence-Key")
    assert Payment.create(body, "k" * 64).id
    missing = here.double.post("/payments", body, here.shop, {"Idempotence-Key": None})
    assert missing.status_code == 400 and missing.json()["parameter"] == "Idempotence-Key"
    # What was refused has not begun: the key is free for the mended call.
    again = key()
    refused(BadRequestError, lambda: Payment.create(asked("0.50"), again), "amount.value")
    assert Payment.create(asked("1.00"), again).status == "pending"


def part_in_flight():
    """A call with a key whose first call has not ended."""
    here.double.fault("slow", "/payments", ms=3000)
    name, made, told = key(), [], []

    def call():
        try:
            made.append(Payment.create(asked(), name).id)
        except ResponseProcessingError as caught:
            told.append(caught.args[0])

    calls = [threading.Thread(target=call) for _ in range(2)]
    for thread in calls:
        thread.start()
    for thread in calls:
        thread.join()
    assert len(made) == 1 and len(told) == 1, (made, told)
    assert told[0]["type"] == "processing" and told[0]["retry_after"] > 0
    assert Payment.create(asked(), name).id == made[0]


def part_unknown_outcomes():
    """After 500, a lost answer or an unreadable one the same key brings what was done, once."""
    saved = paid(save_payment_method=True).payment_method.id
    name = key()
    here.double.fault("saved_500", "/payments", done=True)
    refused(InternalServerError, lambda: charge(saved, with_key=name))
    assert charge(saved, with_key=name).status == "succeeded"
    other = key()
    here.double.fault("saved_500", "/payments")
    refused(InternalServerError, lambda: charge(saved, with_key=other))
    assert charge(saved, with_key=other).status == "succeeded"
    for kind in ("lost_answer", "unreadable"):
        lost = key()
        here.double.fault(kind, "/payments")
        try:
            charge(saved, with_key=lost)
        except (AttributeError, ValueError):  # How the SDK takes a connection that is cut, and a body that is no JSON.
            pass
        else:
            raise AssertionError(f"{kind} was read")
        assert charge(saved, with_key=lost).status == "succeeded"
    here.double.fault("429", "/payments")
    refused(TooManyRequestsError, lambda: charge(saved))
    charges = [item for item in Payment.list({"limit": 100}).items if item.description == "Renewal"]
    assert len(charges) == 4, f"one charge for each key, not {len(charges)}"
