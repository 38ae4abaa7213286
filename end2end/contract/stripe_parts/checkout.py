"""Checkout Sessions and their page."""

import time

from .tools import (
    CANCEL_URL, SUCCESS_URL, Page, advance, control, customer, here, open_page, pay, refused, saved_card, session_of,
)


def completed(session, params=None):
    """The session after it was paid."""
    here.receiver.wait(session.id, "checkout.session.completed")
    return here.client.v1.checkout.sessions.retrieve(session.id, params or {})


def part_paid():
    """paid by a new card, which is kept; the events come in order"""
    owner = customer()
    intent_data = {
        "metadata": {"order": "o1"}, "setup_future_usage": "off_session", "description": "Order o1",
        "receipt_email": "buyer@example.com",
    }
    session = session_of(
        customer=owner.id, client_reference_id="o1", metadata={"order": "o1"}, locale="ru", submit_type="pay",
        payment_intent_data=intent_data, allowed_payment_method_types=["card"], customer_update={"address": "auto"},
        billing_address_collection="auto", expires_at=int(control("clock")["now"]) + 1800,
        saved_payment_method_options={"allow_redisplay_filters": ["always", "limited"]},
    )
    assert session.status == "open" and session.payment_status == "unpaid" and session.payment_intent is None
    assert session.amount_total == 500 and session.currency == "usd"
    page = open_page(session.url)
    assert page.links["Back to the shop"] == CANCEL_URL and "5.00 USD" in page.text
    target = pay(session.url)
    assert target == SUCCESS_URL.replace("{CHECKOUT_SESSION_ID}", session.id), target
    expand = ["payment_intent.latest_charge.balance_transaction", "payment_intent.payment_method", "line_items"]
    done = completed(session, {"expand": expand})
    assert done.status == "complete" and done.payment_status == "paid" and done.url is None
    intent = done.payment_intent
    assert intent.metadata["order"] == "o1" and intent.amount_received == 500 and intent.customer == owner.id
    assert intent.latest_charge.balance_transaction.amount == 500 and intent.payment_method.customer == owner.id
    assert done.line_items.data[0].amount_total == 500
    kinds = [event["type"] for event in here.receiver.came]
    order = ["charge.succeeded", "payment_intent.succeeded", "payment_method.attached", "checkout.session.completed"]
    assert [kind for kind in kinds if kind in order][-4:] == order, kinds
    found = here.client.v1.checkout.sessions.list({"payment_intent": intent.id})
    assert [one.id for one in found.data] == [session.id]
    again = open_page(session.url or f"{here.url}/stripe/checkout/{session.id}")
    assert again.alerts == 1, "a page that was paid can't be paid again"


def part_declined():
    """each decline leaves the page open, and another card pays"""
    session = session_of()
    declines = {
        "4000000000000002": "declined", "4000000000009995": "insufficient funds", "4000000000009987": "declined",
        "4000000000000069": "expired", "4000000000000127": "security code",
    }
    for number, text in declines.items():
        page = pay(session.url, number)
        assert isinstance(page, Page) and page.alerts == 1 and text in page.text, (number, page.text)
    fields = {"number": "", "expiry": "", "cvc": ""}
    assert open_page(session.url).press("Decline", **fields).alerts == 1
    open_now = here.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert open_now.status == "open" and open_now.payment_intent.status == "requires_payment_method"
    assert open_now.payment_intent.last_payment_error.decline_code == "generic_decline"
    here.receiver.wait(open_now.payment_intent.id, "payment_intent.payment_failed", len(declines) + 1)
    for typed in ({"number": "1234"}, {"expiry": "12/20"}, {"cvc": ""}):
        fields = {"number": "4242424242424242", "expiry": "12/34", "cvc": "123"} | typed
        assert open_page(session.url).press("Pay", **fields).alerts == 1
    cancel = here.client.v1.payment_intents.cancel
    refused(lambda: cancel(open_now.payment_intent.id), code="payment_intent_unexpected_state")
    assert isinstance(pay(session.url), str)
    assert completed(session).payment_intent == open_now.payment_intent.id


def part_three_d_secure():
    """3-D Secure: failed, then completed"""
    session = session_of()
    bank = pay(session.url, "4000002500003155")
    assert "3-D Secure" in bank.text
    waiting = here.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}).payment_intent
    assert waiting.status == "requires_action"
    here.receiver.wait(waiting.id, "payment_intent.requires_action")
    again = bank.press("Fail authentication")
    assert again.alerts == 1
    error = here.client.v1.payment_intents.retrieve(waiting.id).last_payment_error
    assert error.code == "payment_intent_authentication_failure"
    bank = again.press("Pay", number="4000002500003155", expiry="12/34", cvc="123")
    target = bank.press("Complete authentication")
    assert isinstance(target, str)
    done = completed(session, {"expand": ["payment_intent.latest_charge"]})
    assert done.payment_intent.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"


def part_tax():
    """tax is known once the buyer is; it is added, or inside"""
    def item(behavior):
        price = {"currency": "usd", "unit_amount": 999, "tax_behavior": behavior, "product_data": {"name": "Credits"}}
        return {"price_data": price, "quantity": 1}

    for behavior, total, tax in (("exclusive", 1199, 200), ("inclusive", 999, 167)):
        session = session_of(line_items=[item(behavior)], automatic_tax={"enabled": True})
        assert session.automatic_tax.status == "requires_location_inputs" and session.amount_total == 999
        pay(session.url)
        done = completed(session, {"expand": ["payment_intent", "line_items"]})
        assert done.amount_subtotal == 999 and done.amount_total == total, done.amount_total
        assert done.total_details.amount_tax == tax and done.payment_intent.amount == total
        assert done.line_items.data[0].amount_tax == tax


def part_setup():
    """a card is saved without a payment; with 3-D Secure, after a decline"""
    owner = customer()
    session = session_of(
        mode="setup", line_items=None, customer=owner.id, currency="usd", setup_intent_data={"metadata": {"for": "a1"}}
    )
    assert session.payment_status == "no_payment_required" and session.setup_intent
    assert pay(session.url, "4000000000000002", "Save card").alerts == 1
    again = pay(session.url, "4000002500003155", "Save card").press("Fail authentication")
    assert again.alerts == 1
    failed = here.client.v1.setup_intents.retrieve(session.setup_intent)
    assert failed.last_setup_error.code == "setup_intent_authentication_failure"
    here.receiver.wait(failed.id, "setup_intent.setup_failed", 2)
    pay(session.url, "4000002500003155", "Save card").press("Complete authentication")
    done = completed(session, {"expand": ["setup_intent.payment_method"]})
    assert done.setup_intent.status == "succeeded" and done.setup_intent.metadata["for"] == "a1"
    assert done.setup_intent.payment_method.customer == owner.id
    refused(lambda: session_of(mode="setup", currency="usd"), param="line_items")


def part_saved_card():
    """a card that the customer has is offered, and pays"""
    owner = customer()
    card = saved_card(owner)
    session = session_of(customer=owner.id)
    page = open_page(session.url)
    assert isinstance(page.press("Pay with visa ending in 4242"), str)
    assert completed(session, {"expand": ["payment_intent"]}).payment_intent.payment_method == card


def part_pay_later():
    """a bank's debit succeeds or fails days later"""
    for status, kind in (("succeeded", "async_payment_succeeded"), ("failed", "async_payment_failed")):
        session = session_of()
        assert isinstance(open_page(session.url).press("Pay later by bank debit"), str)
        done = completed(session, {"expand": ["payment_intent.latest_charge"]})
        assert done.status == "complete" and done.payment_status == "unpaid"
        assert done.payment_intent.status == "processing" and done.payment_intent.latest_charge.status == "pending"
        control(f"stripe/payment_intents/{done.payment_intent.id}/settle", {"status": status})
        here.receiver.wait(session.id, f"checkout.session.{kind}")
        paid = here.client.v1.checkout.sessions.retrieve(session.id).payment_status
        assert paid == ("paid" if status == "succeeded" else "unpaid")


def part_expiry():
    """a session expires by the clock, or when it is told to; then nobody can pay"""
    sessions = here.client.v1.checkout.sessions
    now = control("clock")["now"]
    session = session_of(expires_at=now + 1800)
    pay(session.url, "4000000000000002")
    tried = sessions.retrieve(session.id).payment_intent
    advance(1801)
    here.receiver.wait(session.id, "checkout.session.expired")
    here.receiver.wait(tried, "payment_intent.canceled")
    assert sessions.retrieve(session.id).status == "expired"
    assert pay_refused(session)
    told = session_of()
    assert sessions.expire(told.id).status == "expired"
    here.receiver.wait(told.id, "checkout.session.expired")
    refused(lambda: sessions.expire(told.id))
    now = control("clock")["now"]
    refused(lambda: session_of(expires_at=now + 60), param="expires_at")
    refused(lambda: session_of(expires_at=now + 90_000), param="expires_at")
    control("clock", {"now": int(time.time())})


def pay_refused(session):
    """Whether a page can't be paid any more."""
    page = open_page(f"{here.url}/stripe/checkout/{session.id}")
    return page.alerts == 1 and not page.buttons


def part_terms():
    """terms that must be agreed to; a customer is made where none is given and the card is kept"""
    session = session_of(
        consent_collection={"terms_of_service": "required"}, payment_intent_data={"setup_future_usage": "off_session"}
    )
    assert pay(session.url).alerts == 1
    fields = {"number": "4242424242424242", "expiry": "12/34", "cvc": "123", "email": "new@example.com", "terms": "on"}
    assert isinstance(open_page(session.url).press("Pay", **fields), str)
    done = completed(session)
    assert done.consent.terms_of_service == "accepted" and done.customer_details.email == "new@example.com"
    assert here.client.v1.customers.retrieve(done.customer).email == "new@example.com"


def part_refused_sessions():
    """params that Stripe refuses: names, words, amounts, currencies"""
    def line(**price):
        usual = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Credits"}}
        return [{"quantity": 1, "price_data": usual | price}]

    refused(lambda: session_of(mode="subscription"), param="mode")
    refused(lambda: session_of(success_url="/relative"), code="url_invalid")
    refused(lambda: session_of(line_items=line(unit_amount=49)), code="amount_too_small")
    refused(lambda: session_of(line_items=line(currency="zzz")), param="line_items[0][price_data][currency]")
    refused(lambda: session_of(line_items=line(currency="kwd", unit_amount=1005)))
    assert session_of(line_items=line(currency="kwd", unit_amount=1010)).amount_total == 1010
    assert session_of(line_items=line(currency="JPY", unit_amount=500)).currency == "jpy"
    unknown = {"metadata": {}, "bogus": "1"}
    refused(lambda: session_of(payment_intent_data=unknown), code="parameter_unknown",
            param="payment_intent_data[bogus]")
    # An older name, which this version of the API does not have.
    refused(lambda: session_of(payment_method_types=["card"]), code="parameter_unknown", param="payment_method_types")
    refused(lambda: session_of(customer="cus_nobody"), code="resource_missing", param="customer")
    refused(lambda: session_of(customer=customer().id, customer_email="a@example.com"))
    session = session_of()
    refused(lambda: here.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["bogus"]}), param="expand")
