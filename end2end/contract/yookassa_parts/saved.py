"""Saved methods: charges without the owner, and cards saved without a payment."""

from datetime import datetime, timezone

from yookassa import Payment, PaymentMethod
from yookassa.domain.exceptions import BadRequestError, NotFoundError
from yookassa.domain.notification import WebhookNotificationFactory

from .helpers import (EXPIRED_LATER, PAID, PAID_3DS, POOR_LATER, RECOVERS, REVOKED, UNDECIDED, asked, canceled, charge,
                      here, key, paid, refused, url_of)
from .tools import RETURN_URL, answer_bank, pay_by_card, returned


def part_saved_methods():
    """Charges without the owner: paid, undecided, refused; by number, by time and by the bank."""
    method = paid(save_payment_method=True).payment_method.id
    renewal = charge(method)
    assert (renewal.status, renewal.paid, renewal.payment_method.id) == ("succeeded", True, method)
    assert renewal.confirmation is None and here.receiver.wait(renewal.id)[0]["event"] == "payment.succeeded"
    assert PaymentMethod.find_one(method).saved
    unsaved = paid().payment_method
    assert not unsaved.saved
    refused(BadRequestError, lambda: charge(unsaved.id), "payment_method_id")
    refused(NotFoundError, lambda: PaymentMethod.find_one(unsaved.id))
    for number, party, reason in ((REVOKED, "yoo_money", "permission_revoked"),
                                  (POOR_LATER, "payment_network", "insufficient_funds"),
                                  (EXPIRED_LATER, "payment_network", "card_expired")):
        refusal = charge(paid(number, save_payment_method=True).payment_method.id)
        canceled(refusal, party, reason)
        assert here.receiver.wait(refusal.id)[0]["event"] == "payment.canceled"
    recovering = paid(RECOVERS, save_payment_method=True).payment_method.id
    assert [charge(recovering).status for _ in range(4)] == ["canceled", "canceled", "succeeded", "succeeded"]
    undecided = paid(UNDECIDED, save_payment_method=True).payment_method.id
    by_time, by_bank = charge(undecided), charge(undecided)
    assert (by_time.status, by_bank.status) == ("pending", "pending")
    here.double.control(f"yookassa/payments/{by_bank.id}", {"outcome": "insufficient_funds"})
    canceled(Payment.find_one(by_bank.id), "payment_network", "insufficient_funds")
    here.double.advance(minutes=10)
    assert Payment.find_one(by_time.id).status == "succeeded"
    here.double.control(f"yookassa/methods/{method}", {"later": "permission_revoked"})
    canceled(charge(method), "yoo_money", "permission_revoked")


def part_saved_card_expires():
    """A saved card is refused after its month."""
    soon = Payment.create(asked(save_payment_method=True), key())
    now = datetime.fromtimestamp(here.double.control("clock")["now"], timezone.utc)
    assert returned(pay_by_card(url_of(soon), PAID, now.strftime("%m/%y")))
    assert charge(soon.id).status == "succeeded"
    here.double.advance(days=32)
    canceled(charge(soon.id), "payment_network", "card_expired")


def part_card_without_payment():
    """A card is saved without a payment, and charged later."""
    body = {"type": "bank_card", "confirmation": {"type": "redirect", "return_url": RETURN_URL}}
    method = PaymentMethod.create(body, key())
    assert (method.status, method.saved) == ("pending", False)
    refused(BadRequestError, lambda: charge(method.id), "payment_method_id")
    asks = pay_by_card(method.confirmation.confirmation_url, PAID_3DS)
    assert returned(answer_bank(asks, here.double.url, "confirm"))
    found = PaymentMethod.find_one(method.id)
    assert (found.status, found.saved, found.title) == ("active", True, "Bank card *4477")
    told = WebhookNotificationFactory().create(here.receiver.wait(method.id)[0])
    assert (told.event, told.object.status) == ("payment_method.active", "active")
    assert charge(method.id).status == "succeeded"
    declined = PaymentMethod.create(body, key())
    pay_by_card(declined.confirmation.confirmation_url, "5555555555554600")
    assert PaymentMethod.find_one(declined.id).status == "inactive" and not here.receiver.of(declined.id)
