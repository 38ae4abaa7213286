"""Lists, time, wrong bodies, and what may go wrong with notifications."""

from datetime import datetime, timedelta, timezone

from yookassa import Payment, Refund
from yookassa.domain.exceptions import BadRequestError, NotFoundError
from yookassa.domain.models.me import Me
from yookassa.domain.notification import WebhookNotificationFactory
from yookassa.domain.response import (PaymentListResponse, PaymentResponse, RefundListResponse, RefundResponse,
                                      SavePaymentMethodResponse)

from .helpers import asked, canceled, charge, here, key, known_to, paid, raw, receipt, refused, rub, url_of
from .tools import pay_by_card


def part_lists():
    """Pages by cursor from the newest to the oldest, and filters."""
    made = [Payment.create(asked(), key()).id for _ in range(12)]
    here.double.advance(hours=2)
    since = datetime.fromtimestamp(here.double.control("clock")["now"], timezone.utc)
    later = [Payment.create(asked(), key()).id for _ in range(3)]
    assert [payment.id for payment in Payment.list().items] == (later[::-1] + made[::-1])[:10], "ten when not said"
    seen, query = [], {"limit": 4}
    while True:
        page = Payment.list(query)
        seen += [payment.id for payment in page.items]
        assert len(page.items) <= 4
        if not page.next_cursor:
            break
        query["cursor"] = page.next_cursor
    assert seen == later[::-1] + made[::-1], "each once"
    moment = since.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert [payment.id for payment in Payment.list({"created_at.gte": moment}).items] == later[::-1]
    assert {payment.id for payment in Payment.list({"created_at.lt": moment, "limit": 100}).items} == set(made)
    assert {payment.id for payment in Payment.list({"status": "canceled", "limit": 100}).items} == set(made)
    assert [payment.id for payment in Payment.list({"status": "pending"}).items] == later[::-1]
    until = (since + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert not Payment.list({"created_at.gte": until}).items
    for query, parameter in (({"limit": 101}, "limit"), ({"limit": 0}, "limit"), ({"cursor": "x"}, "cursor"),
                             ({"status": "paid"}, "status"), ({"order": "asc"}, "order"),
                             ({"created_at.gte": "yesterday"}, "created_at.gte")):
        refused(BadRequestError, lambda sent=query: Payment.list(sent), parameter)
    refused(NotFoundError, lambda: Payment.find_one("nope"), "payment_id")


def part_shops_apart():
    """A shop does not see what another has made."""
    mine = Payment.create(asked(), key())
    theirs = here.double.post("/payments", asked(), "999999").json()
    refused(NotFoundError, lambda: Payment.find_one(theirs["id"]))
    assert [payment.id for payment in Payment.list().items] == [mine.id]


def part_time():
    """A page is good for an hour; then the payment is canceled, and that is told."""
    payment = Payment.create(asked(), key())
    here.double.advance(minutes=59)
    assert Payment.find_one(payment.id).status == "pending"
    here.double.advance(minutes=1)
    assert here.receiver.wait(payment.id)[0]["event"] == "payment.canceled", "without anybody asking for it"
    canceled(Payment.find_one(payment.id), "yoo_money", "expired_on_confirmation")
    assert pay_by_card_is_over(payment)


def pay_by_card_is_over(payment):
    """The page of a payment that is over has nothing to send any more."""
    try:
        pay_by_card(f"{here.double.url}/yookassa/pages/payments/{payment.id}", "5555555555554444")
    except StopIteration:
        return True
    return False


def part_wrong_bodies():
    """What the SDK would not send, refused at its parameter."""
    page = asked()["confirmation"]
    wrong = [
        ({"captured": True}, "captured"), ({"capture": "true"}, "capture"), ({"amount": None}, "amount"),
        ({"amount": {"value": 100, "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "100", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "100.000", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "-1.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "0.99", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "350000.01", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "100.00", "currency": "XXX"}}, "amount.currency"),
        ({"amount": {"value": "100.00", "currency": "USD"}}, "amount.currency"),
        ({"amount": {"value": "100.00", "currency": "RUB", "unit": "x"}}, "amount.unit"),
        ({"description": "x" * 129}, "description"), ({"metadata": {"n": 1}}, "metadata"),
        ({"metadata": {f"k{number}": "" for number in range(17)}}, "metadata"),
        ({"confirmation": page | {"type": "redirekt"}}, "confirmation.type"),
        ({"confirmation": page | {"return_url": "javascript:alert(1)"}}, "confirmation.return_url"),
        ({"confirmation": page | {"locale": "de_DE"}}, "confirmation.locale"),
        ({"confirmation": None}, "confirmation"),
        ({"payment_method_data": {"type": "sbp"}}, "payment_method_data.type"),
        ({"payment_method_data": {"type": "bank_card", "card": {}}}, "payment_method_data.card"),
        ({"payment_method_id": "x", "payment_method_data": {"type": "bank_card"}}, "payment_method_id"),
        ({"payment_method_id": "x"}, "confirmation"), ({"merchant_customer_id": "x" * 201}, "merchant_customer_id"),
    ]
    for change, parameter in wrong:
        answer = here.double.post("/payments", asked() | change, here.shop)
        body = answer.json()
        assert (answer.status_code, body.get("parameter")) == (400, parameter), (change, body)
    no_json = here.double.post("/payments", asked(), here.shop, {"Content-Type": "text/plain"})
    assert no_json.status_code == 400 and no_json.json()["parameter"] == "Content-Type"
    assert here.double.post("/payouts", asked(), here.shop).status_code == 404
    refused(BadRequestError, lambda: charge("22e18a2f-000f-5000-a000-1db6312b7767"), "payment_method_id")
    assert not Payment.list().items, "nothing of this was made"


def part_answers():
    """The SDK knows every field that is answered."""
    known_to(Me, raw("/me"))
    payment = paid(receipt=receipt("100.00"), save_payment_method=True, merchant_customer_id="u1")
    Payment.create(asked(), key())
    paid(capture=False)
    Payment.find_one(paid("5555555555554659", save_payment_method=True).id)
    Refund.create({"payment_id": payment.id, "amount": rub("100.00"), "description": "All of it"}, key())
    payments, refunds = raw("/payments", limit=3), raw("/refunds")
    known_to(PaymentListResponse, payments)
    known_to(RefundListResponse, refunds)
    assert payments["next_cursor"] and payments["type"] == "list"
    for body in payments["items"]:
        known_to(PaymentResponse, body)
    for body in refunds["items"]:
        known_to(RefundResponse, body)
    method = raw(f"/payment_methods/{payment.payment_method.id}")
    known_to(SavePaymentMethodResponse, {name: value for name, value in method.items() if name != "card"})
    assert "5555555555554444" not in str(here.double.control("state")), "no card number is given away"


def part_notifications_go_wrong():
    """Duplicated, dropped, delayed, reordered; sent again until the receiver says 200."""
    def set_fault(kind, **more):
        here.double.control("event-faults", {"kind": kind, "provider": "yookassa"} | more)

    set_fault("duplicate", copies=3)
    thrice = paid()
    assert len(here.receiver.wait(thrice.id, 3)) == 3
    set_fault("drop")
    dropped = paid()
    after = paid()
    here.receiver.wait(after.id)
    assert not here.receiver.of(dropped.id) and Payment.find_one(dropped.id).status == "succeeded"
    set_fault("delay")
    delayed = paid()
    here.receiver.wait(paid().id)
    assert not here.receiver.of(delayed.id)
    here.double.control("events/release", {})
    here.receiver.wait(delayed.id)
    set_fault("reorder", times=2)
    first, second = paid(), paid()
    here.receiver.wait(first.id)
    order = [body["object"]["id"] for body in here.receiver.came if body["object"]["id"] in (first.id, second.id)]
    assert order == [second.id, first.id]
    here.receiver.answers += [500, 204]
    again = paid()
    came = here.receiver.wait(again.id, 3)
    assert came[0] == came[1] == came[2] and WebhookNotificationFactory().create(came[2]).object.id == again.id
    here.double.control(f"events/payment.succeeded:{again.id}/redeliver", {"copies": 1})
    here.receiver.wait(again.id, 4)
    attempts = [known for known in here.double.control("events")["attempts"] if known["event"].endswith(again.id)]
    assert [known["status"] for known in attempts[:3]] == [500, 204, 200]
    assert url_of(Payment.create(asked(), key())).startswith(f"{here.double.url}/yookassa/pages/")
