"""What the parts of the drive share: where they are, the test cards, and the calls that most of them make."""

import uuid
from types import SimpleNamespace

import requests
from yookassa import Payment
from yookassa.domain.models.cancellation_details import CancellationDetailsPartyCode, CancellationDetailsReasonCode

from yookassa_requests import unknown_fields

from .tools import RETURN_URL, pay_by_card, returned

PAID, PAID_3DS, FAILS_3DS = "5555555555554444", "5555555555554477", "5555555555554592"
REVOKED, POOR_LATER, EXPIRED_LATER = "5555555555554659", "5555555555554667", "5555555555554675"
RECOVERS, UNDECIDED = "5555555555554683", "5555555555554691"
DECLINES = {
    "5555555555554535": "call_issuer", "5555555555554543": "card_expired", "5555555555554568": "fraud_suspected",
    "5555555555554527": "general_decline", "5555555555554600": "insufficient_funds",
    "5555555555554618": "invalid_card_number", "5555555555554626": "invalid_csc",
    "5555555555554501": "issuer_unavailable", "5555555555554576": "payment_method_limit_exceeded",
    "5555555555554550": "payment_method_restricted", "5555555555554584": "country_forbidden",
    "5555555555554634": "fraud_suspected",
}


# What the service sends in payments and this version of the SDK does not know yet.
UNKNOWN_TO_SDK = ("payment_method.status", "payment_method.account_number")

# The stand-in, the receiver of notifications, and the shop of the part that runs.
here = SimpleNamespace(double=None, receiver=None, shop="100500")


def rub(value):
    return {"value": value, "currency": "RUB"}


def asked(value="100.00", **more):
    """A payment by a page."""
    page = {"type": "redirect", "return_url": RETURN_URL}
    return {"amount": rub(value), "capture": True, "confirmation": page, "description": "1 000 credits"} | more


def key():
    return str(uuid.uuid4())


def refused(error, act, parameter=None):
    """Says that a call is refused in YooKassa's shape, at the parameter."""
    try:
        act()
    except error as caught:
        body = caught.args[0]
        assert body["type"] == "error" and body["id"] and body["code"] and body["description"], body
        assert parameter is None or body.get("parameter") == parameter, body
        return body
    raise AssertionError(f"not refused with {error.__name__}")


def url_of(payment):
    return payment.confirmation.confirmation_url


def paid(number=PAID, value="100.00", **more):
    """A payment that was paid by card."""
    payment = Payment.create(asked(value, **more), key())
    assert returned(pay_by_card(url_of(payment), number))
    return Payment.find_one(payment.id)


def charge(method, value="10.00", with_key=None):
    """A charge of a saved method."""
    body = {"amount": rub(value), "capture": True, "payment_method_id": method, "description": "Renewal"}
    return Payment.create(body, with_key or key())


def receipt(value):
    item = {"description": "Credits", "quantity": "1.00", "amount": rub(value), "vat_code": 1,
            "payment_subject": "service", "payment_mode": "full_payment"}
    return {"customer": {"email": "anna@example.com"}, "items": [item]}


def known_to(model, body):
    """Says that the SDK reads an answer and knows each of its fields."""
    lost = [name for name in unknown_fields(body, dict(model(body))) if not name.endswith(UNKNOWN_TO_SDK)]
    assert not lost, f"{model.__name__} does not know {lost}"


def raw(path, **query):
    answer = requests.get(f"{here.double.api}{path}", params=query, auth=(here.shop, "test_key"), timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def canceled(payment, party, reason):
    parties = {value for name, value in vars(CancellationDetailsPartyCode).items() if name.isupper()}
    reasons = {value for name, value in vars(CancellationDetailsReasonCode).items() if name.isupper()}
    assert party in parties and reason in reasons, (party, reason)
    details = payment.cancellation_details
    assert (payment.status, details.party, details.reason) == ("canceled", party, reason), dict(payment)
    assert not payment.paid and not payment.refundable
