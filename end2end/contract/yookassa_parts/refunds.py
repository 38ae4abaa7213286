"""Two-stage payments, refunds and their limit, receipts, and refunds that the shop's owner makes."""

from yookassa import Payment, Refund, Settings
from yookassa.domain.exceptions import BadRequestError, NotFoundError
from yookassa.domain.notification import WebhookNotificationFactory
from yookassa.domain.response import RefundResponse

from .helpers import asked, canceled, here, key, known_to, paid, raw, receipt, refused, rub


def give_back(payment, value, with_key=None, **more):
    """A refund."""
    return Refund.create({"payment_id": payment.id, "amount": rub(value), **more}, with_key or key())


def part_two_stages():
    """Money that is set aside is taken, in part too, or given back."""
    held = paid(capture=False)
    assert (held.status, held.paid, held.refundable) == ("waiting_for_capture", True, False) and held.expires_at
    assert here.receiver.wait(held.id)[0]["event"] == "payment.waiting_for_capture"
    refused(BadRequestError, lambda: give_back(held, "1.00"), "payment_id")
    refused(BadRequestError, lambda: Payment.capture(held.id, {"amount": rub("100.01")}, key()), "amount.value")
    name = key()
    taken = Payment.capture(held.id, {"amount": rub("40.00")}, name)
    assert (taken.status, str(taken.amount.value)) == ("succeeded", "40.00")
    assert Payment.capture(held.id, {"amount": rub("40.00")}, name).status == "succeeded", "the key brings it again"
    refused(BadRequestError, lambda: Payment.cancel(held.id, key()), "payment_id")
    other = paid(capture=False)
    canceled(Payment.cancel(other.id, key()), "merchant", "canceled_by_merchant")
    whole = paid(capture=False)
    assert str(Payment.capture(whole.id, None, key()).amount.value) == "100.00"
    late = paid(capture=False)
    here.double.advance(days=7)
    canceled(Payment.find_one(late.id), "yoo_money", "expired_on_capture")
    waiting = Payment.create(asked(), key())
    refused(BadRequestError, lambda: Payment.cancel(waiting.id, key()), "payment_id")


def part_refunds():
    """Full and partial, never more than was paid, once per key."""
    payment = paid()
    name = key()
    first = give_back(payment, "60.00", name, description="Unused credits")
    assert (first.status, str(first.amount.value), first.payment_id) == ("succeeded", "60.00", payment.id)
    assert give_back(payment, "60.00", name, description="Unused credits").id == first.id
    refused(BadRequestError, lambda: give_back(payment, "40.01"), "amount.value")
    told = here.receiver.wait(first.id)
    notification = WebhookNotificationFactory().create(told[0])
    assert (notification.event, notification.object.payment_id) == ("refund.succeeded", payment.id)
    known_to(RefundResponse, told[0]["object"])
    assert told[0]["object"] == raw(f"/refunds/{first.id}")
    give_back(payment, "40.00")
    found = Payment.find_one(payment.id)
    assert (found.status, str(found.refunded_amount.value), found.refundable) == ("succeeded", "100.00", False)
    refused(BadRequestError, lambda: give_back(payment, "0.01"), "amount.value")
    assert Refund.find_one(first.id).description == "Unused credits"
    listed = Refund.list({"payment_id": payment.id})
    assert [str(refund.amount.value) for refund in listed.items] == ["40.00", "60.00"]
    refused(NotFoundError, lambda: Refund.find_one("nope"), "refund_id")
    refused(BadRequestError, lambda: give_back(Payment.create(asked(), key()), "1.00"), "payment_id")
    old = paid()
    here.double.advance(days=3 * 365 + 1)
    refused(BadRequestError, lambda: give_back(old, "1.00"), "payment_id")


def part_refunds_that_wait():
    """A refund on its way counts towards the limit, and no longer once it is canceled."""
    here.double.control(f"yookassa/shops/{here.shop}", {"next_refunds": ["pending", "pending"]})
    payment = paid()
    fails, works = give_back(payment, "70.00"), give_back(payment, "30.00")
    assert (fails.status, works.status) == ("pending", "pending")
    refused(BadRequestError, lambda: give_back(payment, "0.01"), "amount.value")
    assert str(Payment.find_one(payment.id).refunded_amount.value) == "0.00"
    here.double.control(f"yookassa/refunds/{fails.id}", {"outcome": "canceled"})
    here.double.control(f"yookassa/refunds/{works.id}", {"outcome": "succeeded"})
    gone = Refund.find_one(fails.id)
    assert (gone.status, gone.cancellation_details.reason) == ("canceled", "rejected_by_payee")
    assert here.receiver.wait(works.id)[0]["event"] == "refund.succeeded" and not here.receiver.of(fails.id)
    assert str(Payment.find_one(payment.id).refunded_amount.value) == "30.00"
    # The shop's owner refunds in the merchant profile: the API tells of it like of any other.
    by_owner = here.double.control(f"yookassa/payments/{payment.id}/refund", {"amount": rub("70.00")})
    assert here.receiver.wait(by_owner["id"])[0]["event"] == "refund.succeeded"
    assert not Payment.find_one(payment.id).refundable
    assert [refund.id for refund in Refund.list({"status": "succeeded"}).items] == [by_owner["id"], works.id]


def part_receipts():
    """54-FZ: needed where the shop sends them, with sums that agree."""
    payment = paid(receipt=receipt("100.00"))
    assert payment.receipt_registration == "succeeded"
    refused(BadRequestError, lambda: Payment.create(asked(receipt=receipt("99.99")), key()), "receipt.items")
    refused(BadRequestError, lambda: give_back(payment, "30.00"), "receipt")
    refused(BadRequestError, lambda: give_back(payment, "30.00", receipt=receipt("20.00")), "receipt.items")
    part = give_back(payment, "30.00", receipt=receipt("30.00"))
    assert part.receipt_registration == "succeeded"
    whole = paid(receipt=receipt("100.00"))
    assert give_back(whole, "100.00").status == "succeeded", "the whole payment needs no receipt of its own"
    assert not Settings.get_account_settings().fiscalization_enabled
    here.double.control(f"yookassa/shops/{here.shop}", {"receipts": True})
    me = Settings.get_account_settings()
    assert me.fiscalization_enabled and me.fiscalization.enabled and me.test and me.status == "enabled"
    refused(BadRequestError, lambda: Payment.create(asked(), key()), "receipt")
    assert Payment.create(asked(receipt=receipt("100.00")), key()).receipt_registration == "pending"
    # What the SDK itself would not send.
    for spoil in ({"customer": {}}, {"items": []}, {"customer": {"email": "anna"}}, {"colour": "red"}):
        answer = here.double.post("/payments", asked(receipt=receipt("100.00") | spoil), here.shop)
        assert answer.status_code == 400 and answer.json()["parameter"].startswith("receipt"), answer.text
    for spoil in ({"vat_code": 13}, {"payment_subject": "magic"}, {"quantity": "0"}, {"description": "x" * 129}):
        spoiled = receipt("100.00")
        spoiled["items"][0] |= spoil
        answer = here.double.post("/payments", asked(receipt=spoiled), here.shop)
        assert answer.status_code == 400 and answer.json()["parameter"].startswith("receipt.items[0]"), answer.text
