"""PaymentIntents of the API, and their charges."""

import stripe

from .tools import Page, advance, control, customer, here, open_page, paid_intent, refused, saved_card


def off_session(owner, card, **params):
    """Charges a saved card while nobody is there."""
    given = {
        "amount": 1000, "currency": "usd", "customer": owner.id, "payment_method": card, "off_session": True,
        "confirm": True, "metadata": {"order": "o2"}, "description": "Renewal",
    }
    return here.client.v1.payment_intents.create(given | params)


def part_off_session():
    """a saved card is charged: it pays, is declined, wants its owner"""
    owner = customer()
    assert off_session(owner, saved_card(owner)).status == "succeeded"
    declines = {
        "4000000000000341": ("card_declined", "generic_decline"),
        "4000000000009995": ("card_declined", "insufficient_funds"),
        "4000000000009987": ("card_declined", "lost_card"),
        "4000000000000069": ("expired_card", "expired_card"),
        "4000002500003155": ("authentication_required", "authentication_required"),
    }
    for number, (code, decline_code) in declines.items():
        card = saved_card(owner, number)
        error = refused(lambda card=card: off_session(owner, card), stripe.CardError, code=code, http_status=402)
        assert error.error.decline_code == decline_code, error.error.decline_code
        intent = error.error.payment_intent
        assert intent.status == "requires_payment_method" and intent.metadata["order"] == "o2"
        assert intent.last_payment_error.payment_method.id == card
        here.receiver.wait(intent.id, "payment_intent.payment_failed")
        charge = here.client.v1.charges.retrieve(intent.latest_charge)
        assert charge.status == "failed" and charge.failure_code == code
    assert off_session(owner, saved_card(owner, "4000003800000446")).status == "succeeded"


def part_recovers():
    """a card that is declined twice and then pays; one whose last month is over"""
    owner = customer()
    card = saved_card(owner)
    control(f"stripe/payment_methods/{card}/decline", {"codes": ["insufficient_funds", "do_not_honor"]})
    for decline_code in ("insufficient_funds", "do_not_honor"):
        error = refused(lambda: off_session(owner, card), stripe.CardError, code="card_declined")
        assert error.error.decline_code == decline_code
    assert off_session(owner, card).status == "succeeded"
    advance(40 * 366 * 86_400)
    refused(lambda: off_session(owner, card), stripe.CardError, code="expired_card")
    advance(-40 * 366 * 86_400)


def part_on_session():
    """the owner is there: 3-D Secure on the bank's page, then back to the shop"""
    intents = here.client.v1.payment_intents
    params = {
        "amount": 1000, "currency": "usd", "payment_method": "pm_card_authenticationRequired", "confirm": True,
        "return_url": "http://127.0.0.1:9/back",
    }
    ends = {"Complete authentication": "succeeded", "Fail authentication": "requires_payment_method"}
    for button, status in ends.items():
        intent = intents.create(params)
        assert intent.status == "requires_action"
        bank = open_page(intent.next_action.redirect_to_url.url)
        assert bank.press(button) == "http://127.0.0.1:9/back"
        assert intents.retrieve(intent.id).status == status
    without = {name: value for name, value in params.items() if name != "return_url"}
    refused(lambda: intents.create(without), param="return_url")
    intent = intents.create(params | {"confirm": False})
    assert intent.status == "requires_confirmation"
    refused(lambda: intents.confirm(intent.id, {"error_on_requires_action": True}), stripe.CardError,
            code="authentication_required")


def part_steps():
    """made, changed, confirmed, canceled; each only when its state allows it"""
    intents = here.client.v1.payment_intents
    automatic = {"enabled": True, "allow_redirects": "never"}
    intent = intents.create({"amount": 1000, "currency": "eur", "automatic_payment_methods": automatic})
    assert intent.status == "requires_payment_method"
    refused(lambda: intents.confirm(intent.id), code="payment_intent_unexpected_state")
    assert intents.update(intent.id, {"amount": 1200, "metadata": {"order": "o3"}}).amount == 1200
    assert intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
    refused(lambda: intents.cancel(intent.id), code="payment_intent_unexpected_state")
    other = intents.create({"amount": 1000, "currency": "usd"})
    canceled = intents.cancel(other.id, {"cancellation_reason": "abandoned"})
    assert canceled.status == "canceled" and canceled.cancellation_reason == "abandoned"
    here.receiver.wait(other.id, "payment_intent.canceled")
    refused(lambda: intents.confirm(other.id, {"payment_method": "pm_card_visa"}),
            code="payment_intent_unexpected_state")
    assert isinstance(open_page(f"{here.url}/stripe/authenticate/{other.id}"), Page)


def part_owners():
    """a method of another customer, one that was used up, ids that are not there"""
    owner, stranger = customer(), customer()
    card = saved_card(owner)
    refused(lambda: off_session(stranger, card), param="payment_method")
    refused(lambda: paid_intent(card), param="payment_method")
    used = paid_intent()
    refused(lambda: paid_intent(used.payment_method), param="payment_method")
    kept = paid_intent(customer=owner.id, setup_future_usage="off_session")
    assert off_session(owner, kept.payment_method).status == "succeeded"
    here.client.v1.payment_methods.detach(card)
    refused(lambda: off_session(owner, card), param="payment_method")
    refused(lambda: off_session(owner, "pm_nobody"), code="resource_missing", param="payment_method")
    refused(lambda: here.client.v1.payment_intents.retrieve("pi_nobody"), code="resource_missing", http_status=404)


def part_amounts():
    """minimums, minor digits, currencies"""
    def amount(value, currency):
        return here.client.v1.payment_intents.create({"amount": value, "currency": currency})

    refused(lambda: amount(49, "usd"), code="amount_too_small", param="amount")
    refused(lambda: amount(29, "gbp"), code="amount_too_small")
    refused(lambda: amount(49, "jpy"), code="amount_too_small")
    refused(lambda: amount(100_000_000, "usd"), code="amount_too_large")
    refused(lambda: amount(1005, "kwd"), param="amount")
    refused(lambda: amount(-5, "usd"), code="parameter_invalid_integer")
    refused(lambda: amount("five", "usd"), code="parameter_invalid_integer")
    refused(lambda: amount(500, "zzz"), param="currency")
    for value, currency in ((50, "usd"), (50, "jpy"), (1010, "kwd"), (99_999_999, "usd")):
        assert amount(value, currency).amount == value


def part_lists():
    """pages, newest first, by customer and time"""
    owner = customer()
    made = [paid_intent(customer=owner.id, amount=1000 + number).id for number in range(5)]
    intents = here.client.v1.payment_intents
    first = intents.list({"customer": owner.id, "limit": 2})
    assert [found.id for found in first.data] == [made[4], made[3]] and first.has_more
    found = [one.id for one in intents.list({"customer": owner.id, "limit": 2}).auto_paging_iter()]
    assert found == made[::-1]
    now = control("clock")["now"]
    assert len(intents.list({"customer": owner.id, "created": {"gte": now - 60, "lte": now + 1}}).data) == 5
    assert intents.list({"customer": owner.id, "created": {"gt": now + 60}}).data == []
    assert len(here.client.v1.charges.list({"payment_intent": made[0]}).data) == 1
    refused(lambda: intents.list({"limit": 101}), param="limit")
    refused(lambda: intents.list({"starting_after": "pi_nobody"}), code="resource_missing")
