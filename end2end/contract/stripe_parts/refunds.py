"""Refunds, disputes, the balance."""

from .tools import advance, control, here, paid_intent, refused


def refund(intent, **params):
    """Sends money back."""
    return here.client.v1.refunds.create({"payment_intent": intent.id} | params)


def charge_of(intent):
    """The charge of a payment as it is now."""
    return here.client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.refunds"]}).latest_charge


def part_refunds():
    """in part and whole, never more than the charge; also from the dashboard"""
    intent = paid_intent()
    first = refund(intent, amount=300, reason="requested_by_customer", metadata={"order": "o1"})
    assert first.status == "succeeded" and first.metadata["order"] == "o1"
    here.receiver.wait(first.id, "refund.created")
    event = here.receiver.wait(intent.latest_charge, "charge.refunded")
    assert event["data"]["previous_attributes"]["amount_refunded"] == 0
    refused(lambda: refund(intent, amount=701), param="amount")
    control(f"stripe/payment_intents/{intent.id}/refund", {"amount": 200})
    charge = charge_of(intent)
    assert charge.amount_refunded == 500 and not charge.refunded and len(charge.refunds.data) == 2
    assert refund(intent).amount == 500
    assert charge_of(intent).refunded
    refused(lambda: refund(intent), code="charge_already_refunded")
    refunds = here.client.v1.refunds
    assert [found.amount for found in refunds.list({"payment_intent": intent.id}).data] == [500, 200, 300]
    assert refunds.retrieve(first.id, {"expand": ["charge", "balance_transaction"]}).charge.id == intent.latest_charge
    assert refunds.update(first.id, {"metadata": {"note": "n"}}).metadata["note"] == "n"


def part_refund_states():
    """pending, then succeeded; succeeded, then failed: the money can go back again"""
    later = refund(paid_intent("pm_card_pendingRefund"))
    assert later.status == "pending" and later.pending_reason == "processing"
    fails = paid_intent("pm_card_refundFail")
    failing = refund(fails)
    assert failing.status == "succeeded"
    advance(61)
    here.receiver.wait(later.id, "refund.updated")
    here.receiver.wait(failing.id, "refund.failed")
    assert here.client.v1.refunds.retrieve(later.id).status == "succeeded"
    failed = here.client.v1.refunds.retrieve(failing.id)
    assert failed.status == "failed" and failed.failure_reason
    assert charge_of(fails).amount_refunded == 0
    again = refund(fails)
    control(f"stripe/refunds/{again.id}/settle", {"status": "failed"})
    here.receiver.wait(again.id, "refund.failed")


def part_refused_refunds():
    """nothing paid, nothing named, words that Stripe does not use"""
    unpaid = here.client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    refused(lambda: refund(unpaid), param="payment_intent")
    refused(lambda: here.client.v1.refunds.create({}))
    refused(lambda: refund(paid_intent(), reason="because"), param="reason")
    refused(lambda: refund(paid_intent(), amount=0), param="amount")
    refused(lambda: here.client.v1.refunds.create({"charge": "ch_nobody"}), code="resource_missing", param="charge")


def part_disputes():
    """opened, won, lost, only asked; a disputed charge is not refunded"""
    for status in ("won", "lost"):
        intent = paid_intent()
        opened = control(f"stripe/payment_intents/{intent.id}/dispute", {"reason": "product_not_received"})
        here.receiver.wait(opened["id"], "charge.dispute.created")
        refused(lambda intent=intent: refund(intent), code="charge_disputed")
        control(f"stripe/disputes/{opened['id']}/close", {"status": status})
        here.receiver.wait(opened["id"], "charge.dispute.closed")
        read = here.client.v1.disputes.retrieve(opened["id"], {"expand": ["charge"]})
        assert read.status == status and read.charge.disputed and read.reason == "product_not_received"
        assert len(here.client.v1.disputes.list({"payment_intent": intent.id}).data) == 1
    asked = paid_intent("pm_card_createDisputeInquiry")
    inquiry = here.client.v1.disputes.list({"charge": asked.latest_charge}).data[0]
    assert inquiry.status == "warning_needs_response" and inquiry.is_charge_refundable
    control(f"stripe/disputes/{inquiry.id}/close", {"status": "warning_closed"})
    at_once = paid_intent("pm_card_createDispute")
    assert here.client.v1.disputes.list({"payment_intent": at_once.id}).data[0].status == "needs_response"


def part_account():
    """the account and its balance"""
    paid_intent()
    account = here.client.v1.accounts.retrieve_current()
    assert account.charges_enabled
    balance = here.client.v1.balance.retrieve()
    assert any(money.amount >= 1000 and money.currency == "usd" for money in balance.pending)
