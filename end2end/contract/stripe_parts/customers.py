"""Customers and the cards they have."""

from .tools import control, customer, here, paid_intent, refused, saved_card


def part_customers():
    """made, read, changed, found, deleted"""
    customers = here.client.v1.customers
    made = customer(metadata={"account": "a1"})
    assert customers.retrieve(made.id).metadata["account"] == "a1"
    changed = customers.update(made.id, {"name": "Another", "metadata": {"account": "", "team": "t"}})
    assert changed.name == "Another" and changed.metadata.to_dict() == {"team": "t"}
    event = here.receiver.wait(made.id, "customer.updated")
    assert event["data"]["previous_attributes"]["name"] == "Buyer"
    other = customer(email="other@example.com")
    assert [found.id for found in customers.list({"email": "other@example.com"}).data][0] == other.id
    refused(lambda: customer(email="no address"), param="email")
    refused(lambda: customers.retrieve("cus_nobody"), code="resource_missing", http_status=404)
    assert customers.delete(other.id).deleted is True
    assert customers.retrieve(other.id).deleted is True


def part_methods():
    """attached, listed, made the default, detached once"""
    methods, owner = here.client.v1.payment_methods, customer()
    card = methods.attach("pm_card_visa", {"customer": owner.id})
    assert card.card.last4 == "4242" and card.customer == owner.id
    here.receiver.wait(card.id, "payment_method.attached")
    second = saved_card(owner, "5555555555554444")
    for params in ({"customer": owner.id}, {"customer": owner.id, "type": "card"}):
        assert [found.id for found in methods.list(params).data] == [second, card.id]
    assert methods.list({"customer": owner.id, "type": "sepa_debit"}).data == []
    of_customer = here.client.v1.customers.payment_methods
    assert len(of_customer.list(owner.id, {"limit": 1}).data) == 1
    assert of_customer.retrieve(owner.id, second).card.brand == "mastercard"

    settings = {"invoice_settings": {"default_payment_method": card.id}}
    changed = here.client.v1.customers.update(owner.id, settings)
    assert changed.invoice_settings.default_payment_method == card.id
    stranger = customer()
    refused(lambda: here.client.v1.customers.update(stranger.id, settings), code="resource_missing")
    refused(lambda: methods.attach(card.id, {"customer": stranger.id}), code="payment_method_already_attached")

    assert methods.detach(card.id).customer is None
    event = here.receiver.wait(card.id, "payment_method.detached")
    assert event["data"]["previous_attributes"]["customer"] == owner.id
    assert here.client.v1.customers.retrieve(owner.id).invoice_settings.default_payment_method is None
    refused(lambda: methods.detach(card.id))
    refused(lambda: methods.attach(card.id, {"customer": owner.id}))


def part_replaced():
    """a card that its network replaced; one that was declined is not attached"""
    owner = customer()
    card = saved_card(owner)
    control(f"stripe/payment_methods/{card}/replace", {"last4": "1881", "exp_month": 3, "exp_year": 2061})
    event = here.receiver.wait(card, "payment_method.automatically_updated")
    assert event["data"]["previous_attributes"]["card"]["last4"] == "4242"
    assert here.client.v1.payment_methods.retrieve(card).card.last4 == "1881"
    assert here.client.v1.payment_methods.update(card, {"metadata": {"a": "b"}}).metadata["a"] == "b"
    used = paid_intent(customer=owner.id, payment_method=card, off_session=True)
    assert used.payment_method == card
    control(f"stripe/payment_methods/{card}/detach", {})
    here.receiver.wait(card, "payment_method.detached")


def part_setup_intents():
    """saved by the API: at once, after a refusal, and asked for its owner"""
    setups, owner = here.client.v1.setup_intents, customer()
    params = {"customer": owner.id, "payment_method": "pm_card_visa", "confirm": True}
    setup = setups.create(params | {"usage": "off_session"})
    assert setup.status == "succeeded"
    here.receiver.wait(setup.id, "setup_intent.succeeded")
    here.receiver.wait(setup.payment_method, "payment_method.attached")
    read = setups.retrieve(setup.id, {"expand": ["payment_method"]})
    assert read.payment_method.customer == owner.id
    asked = setups.create(params | {"payment_method": "pm_card_authenticationRequired"})
    assert asked.status == "requires_action"
    assert setups.cancel(asked.id).status == "canceled"
    assert [found.id for found in setups.list({"customer": owner.id}).data] == [asked.id, setup.id]
    refused(lambda: setups.create({"usage": "sometimes"}), param="usage")
