"""Keys: of the account, of idempotency; and calls that go wrong."""

import concurrent.futures

import requests
import stripe

from .tools import CheckingClient, advance, connect, control, fault, here, refused

PARAMS = {
    "amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True,
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}


def charge(key, **params):
    """A charge under an idempotency key."""
    return here.client.v1.payment_intents.create(PARAMS | params, {"idempotency_key": key})


def charges_of(metadata):
    """How many payments there are with a text."""
    found = control("state")["stripe"]["payment_intents"]
    return sum(intent["metadata"].get("order") == metadata for intent in found)


def part_secret_keys():
    """only a test key opens the account"""
    for key in ("sk_live_drive", "pk_test_drive", "nothing"):
        client = connect(here.url, key)
        refused(lambda client=client: client.v1.balance.retrieve(), stripe.AuthenticationError, http_status=401)
    assert connect(here.url, "rk_test_drive").v1.balance.retrieve().livemode is False
    assert requests.get(f"{here.url}/v1/balance", timeout=30).status_code == 401


def part_replay():
    """the same answer for the same params, also of a declined card; another answer for others; for a day"""
    first = charge("replay-1", metadata={"order": "replay"})
    assert charge("replay-1", metadata={"order": "replay"}).id == first.id
    assert CheckingClient.last_headers["idempotent-replayed"] == "true"
    assert charges_of("replay") == 1
    refused(lambda: charge("replay-1", metadata={"order": "other"}), stripe.IdempotencyError, http_status=400)
    declined = {"payment_method": "pm_card_chargeDeclined", "metadata": {"order": "declined"}}
    errors = [refused(lambda: charge("replay-2", **declined), stripe.CardError, http_status=402) for _ in range(2)]
    assert errors[0].error.payment_intent.id == errors[1].error.payment_intent.id and charges_of("declined") == 1
    # What was not begun is not kept.
    refused(lambda: charge("replay-3", amount=1), code="amount_too_small")
    assert charge("replay-3").status == "succeeded"
    advance(86_401)
    assert charge("replay-1", metadata={"order": "replay"}).id != first.id
    advance(-86_401)


def part_in_flight():
    """two at once under one key: one is done, the other is told to wait"""
    fault("slow", "/v1/payment_intents", ms=1500)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(charge, "flight-1", metadata={"order": "flight"})
        # Once the fault is used up, the first is being done.
        while control("faults"):
            assert not first.done(), "the fault was not used"
        error = refused(lambda: charge("flight-1", metadata={"order": "flight"}), stripe.APIError, http_status=409)
        assert error.error.code == "idempotency_key_in_use"
        assert first.result().status == "succeeded"
    assert charges_of("flight") == 1


def part_lost_answer():
    """the charge is done and its answer is lost; the same key finds it"""
    fault("lost_answer", "/v1/payment_intents")
    refused(lambda: charge("lost-1", metadata={"order": "lost"}), stripe.APIConnectionError)
    assert charge("lost-1", metadata={"order": "lost"}).status == "succeeded" and charges_of("lost") == 1


def part_unreadable():
    """200 that nobody can read; the same key finds it"""
    fault("unreadable", "/v1/payment_intents")
    refused(lambda: charge("unreadable-1", metadata={"order": "unreadable"}), stripe.APIError, http_status=200)
    assert charge("unreadable-1", metadata={"order": "unreadable"}).status == "succeeded"
    assert charges_of("unreadable") == 1


def part_saved_500():
    """500 is kept under the key, whether or not the charge was done"""
    for done in (False, True):
        name = f"saved-{done}"
        fault("saved_500", "/v1/payment_intents", done=done)
        for _ in range(2):
            refused(lambda name=name: charge(name, metadata={"order": name}), stripe.APIError, http_status=500)
        assert charges_of(name) == int(done)


def part_busy():
    """429 and 503 are not kept"""
    fault("429", "/v1/payment_intents")
    refused(lambda: charge("busy-1"), stripe.RateLimitError, http_status=429)
    fault("down", "/v1/payment_intents")
    refused(lambda: charge("busy-1"), stripe.APIError, http_status=503)
    assert charge("busy-1").status == "succeeded"


def part_strictness():
    """names, paths and bodies that Stripe does not take"""
    def post(path, data, **headers):
        auth = {"Authorization": "Bearer sk_test_drive"}
        return requests.post(f"{here.url}/v1/{path}", data=data, headers=auth | headers, timeout=30)

    error = post("payment_intents", {"amount": "1000", "currency": "usd", "bogus": "1"}).json()["error"]
    assert error["code"] == "parameter_unknown" and error["param"] == "bogus"
    assert error["type"] == "invalid_request_error" and "unknown parameter: bogus" in error["message"]
    error = post("payment_intents", {"currency": "usd"}).json()["error"]
    assert error["code"] == "parameter_missing" and error["param"] == "amount"
    assert post("subscriptions", {}).status_code == 404
    assert post("customers", "{}", **{"Content-Type": "application/json"}).status_code == 400
