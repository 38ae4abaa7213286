"""Payments by a hosted page: who may call, card, wallet, 3-D Secure, refusals, and what the pages are like."""

import requests
from yookassa import Configuration, Payment, Settings
from yookassa.domain.exceptions import BadRequestError, ForbiddenError, UnauthorizedError
from yookassa.domain.notification import WebhookNotificationFactory
from yookassa.domain.response import PaymentResponse

from .helpers import (DECLINES, FAILS_3DS, PAID, PAID_3DS, asked, canceled, charge, here, key, known_to, raw, refused,
                      url_of)
from .tools import RETURN_URL, Page, answer_bank, open_page, pay_by_card, returned


def part_who_calls():
    """Basic authentication."""
    Configuration.configure(here.shop, "test_key", api_url=here.double.api, max_attempts=1)
    assert Settings.get_account_settings().account_id == here.shop
    for number, secret in ((here.shop, "test_other"), (here.shop, "live_key"), ("shop", "test_key")):
        Configuration.configure(number, secret, api_url=here.double.api, max_attempts=1)
        body = refused(UnauthorizedError, Settings.get_account_settings)
        assert body["code"] == "invalid_credentials"
    assert requests.get(f"{here.double.api}/me", timeout=30).status_code == 401
    here.double.control(f"yookassa/shops/{here.shop}", {"key": "test_other"})
    Configuration.configure(here.shop, "test_key", api_url=here.double.api, max_attempts=1)
    refused(UnauthorizedError, Settings.get_account_settings)


def part_no_recurring():
    """A shop that may not save methods: every live one, until YooKassa's manager has allowed it."""
    here.double.control(f"yookassa/shops/{here.shop}", {"recurring": False})
    assert refused(ForbiddenError, lambda: Payment.create(asked(save_payment_method=True), key()))["code"] == "forbidden"
    refused(ForbiddenError, lambda: charge("22e18a2f-000f-5000-a000-1db6312b7767"))
    assert Payment.create(asked(), key()).status == "pending"


def part_first_payment():
    """Create, pay on the page, notification, fetch."""
    body = asked(save_payment_method=True, metadata={"order": "1"}, merchant_customer_id="u1")
    payment = Payment.create(body, key())
    assert (payment.status, payment.paid, payment.test) == ("pending", False, True)
    assert payment.amount.value.as_tuple().exponent == -2 and payment.metadata["order"] == "1"
    assert not here.receiver.of(payment.id), "nothing is told of a payment that waits"
    assert returned(pay_by_card(url_of(payment), PAID))
    found = Payment.find_one(payment.id)
    assert (found.status, found.paid, found.refundable) == ("succeeded", True, True)
    method = found.payment_method
    assert method.saved and method.id and method.title == "Bank card *4444" and method.type == "bank_card"
    card = method.card
    assert (card.first6, card.last4, card.expiry_month, card.expiry_year) == ("555555", "4444", "12", "2048")
    assert (card.card_type, card.issuer_country) == ("MasterCard", "US")
    assert (str(found.income_amount.value), str(found.refunded_amount.value)) == ("96.50", "0.00")
    told = here.receiver.wait(payment.id)
    notification = WebhookNotificationFactory().create(told[0])
    assert (notification.event, notification.object.status) == ("payment.succeeded", "succeeded")
    assert told[0]["object"] == raw(f"/payments/{payment.id}"), "what is told is what is fetched"
    known_to(PaymentResponse, told[0]["object"])
    over = open_page(f"{here.double.url}/yookassa/pages/payments/{payment.id}")
    assert not over.forms and RETURN_URL in over.links, "a page is good once"


def part_wallet():
    """A YooMoney wallet, as the only choice and as one of two."""
    payment = Payment.create(asked(payment_method_data={"type": "yoo_money"}, save_payment_method=True), key())
    page = open_page(url_of(payment))
    assert [form["buttons"][0]["value"] for form in page.forms] == ["yoo_money"]
    wrong = Page(page.send("yoo_money", wallet="12")).check()
    assert wrong.answer.status_code == 422 and wrong.alerts
    assert returned(page.send("yoo_money", wallet="410011758831136"))
    found = Payment.find_one(payment.id)
    assert found.payment_method.type == "yoo_money" and found.payment_method.saved
    known_to(PaymentResponse, raw(f"/payments/{payment.id}"))
    assert charge(found.payment_method.id).status == "succeeded"
    both = open_page(url_of(Payment.create(asked(), key())))
    assert [form["buttons"][0]["value"] for form in both.forms] == ["bank_card", "yoo_money"]


def part_pages():
    """Russian and English, labels, errors at their fields, the way back."""
    page = {"type": "redirect", "return_url": RETURN_URL, "locale": "en_US"}
    english = open_page(url_of(Payment.create(asked(confirmation=page, save_payment_method=True), key())))
    russian = open_page(url_of(Payment.create(asked(payment_method_data={"type": "bank_card"}), key())))
    assert (english.lang, russian.lang) == ("en", "ru")
    assert "save this payment method" in english.text and "сохранит" not in russian.text
    assert open_page(russian.answer.url + "?lang=en").lang == "en"
    assert RETURN_URL in russian.links, "who does not pay can go back"
    for name, text in (("number", "12"), ("number", "4242424242424242"), ("expiry", "13/48"), ("expiry", "01/20"),
                       ("csc", "1")):
        typed = {"number": PAID, "expiry": "12/48", "csc": "123"} | {name: text}
        answer = Page(russian.send("bank_card", **typed)).check()
        marked = [field["name"] for form in answer.forms for field in form["inputs"] if field.get("aria-invalid")]
        assert (answer.answer.status_code, marked) == (422, [name]), (name, text)
        assert all(field["value"] == typed["number"] for field in answer.forms[0]["inputs"][:1]), "nothing is lost"
    assert requests.get(f"{here.double.url}/yookassa/pages/payments/nope", timeout=30).status_code == 404


def part_declines():
    """Each documented card that is refused, with the party and the reason."""
    for number, reason in DECLINES.items():
        payment = Payment.create(asked(save_payment_method=True), key())
        answer = Page(pay_by_card(url_of(payment), number)).check()
        assert answer.answer.status_code == 200 and RETURN_URL in answer.links
        party = "yoo_money" if number in ("5555555555554584", "5555555555554634") else "payment_network"
        found = Payment.find_one(payment.id)
        canceled(found, party, reason)
        assert not found.payment_method.saved
        assert here.receiver.wait(payment.id)[0]["event"] == "payment.canceled"
        refused(BadRequestError, lambda method=found.payment_method.id: charge(method), "payment_method_id")


def part_three_d_secure():
    """Confirmed, refused by the owner, and failed by the bank."""
    for number, choice, good in ((PAID_3DS, "confirm", True), (PAID_3DS, "deny", False), (FAILS_3DS, "confirm", False)):
        payment = Payment.create(asked(), key())
        asks = pay_by_card(url_of(payment), number)
        assert Payment.find_one(payment.id).status == "pending", "it waits for the bank"
        assert returned(answer_bank(asks, here.double.url, choice)) == good
        found = Payment.find_one(payment.id)
        if good:
            assert found.status == "succeeded" and found.authorization_details.three_d_secure.applied
        else:
            canceled(found, "payment_network", "3d_secure_failed")
