"""Events: signed, listed, sent to whom they are for, and what goes wrong on their way."""

import copy

import stripe_responses

from .tools import control, customer, here, paid_intent, pay, refused, session_of


def part_checks():
    """the check of answers itself: it finds a field that is missing, of another type, of another word, invented"""
    intent = here.client.v1.payment_intents.retrieve(paid_intent().id, {"expand": ["latest_charge"]}).to_dict()
    assert stripe_responses.problems(intent) == []
    changes = {
        ("amount",): None, ("status",): "paid", ("metadata",): [], ("currency",): 1, ("invented",): 1,
        ("latest_charge", "paid"): None, ("latest_charge", "outcome", "type"): 1,
    }
    for path, value in changes.items():
        wrong = copy.deepcopy(intent)
        node = wrong
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = value
        if value is None:
            del node[path[-1]]
        assert stripe_responses.problems(wrong), path


def part_listed():
    """each event is kept and can be read"""
    made = customer()
    event = here.receiver.wait(made.id, "customer.created")
    read = here.client.v1.events.retrieve(event["id"])
    assert read.type == "customer.created" and read.data.object["id"] == made.id and read.request.id
    kinds = here.client.v1.events.list({"type": "customer.created", "limit": 1})
    assert kinds.data[0].id == event["id"]
    assert event["api_version"] == "2026-09-30.endive" and event["pending_webhooks"] == 1


def part_endpoints():
    """an endpoint is made, its secret told once; it gets what it wants; changed, switched off, deleted"""
    endpoints = here.client.v1.webhook_endpoints
    url = f"http://127.0.0.1:{here.receiver.port}/endpoint"
    params = {"url": url, "enabled_events": ["customer.created"], "api_version": "2026-09-30.endive"}
    made = endpoints.create(params | {"description": "drive", "metadata": {"a": "b"}})
    assert made.secret.startswith("whsec_") and made.status == "enabled"
    here.receiver.secrets.append(made.secret)
    assert getattr(endpoints.retrieve(made.id), "secret", None) is None
    first = customer()
    here.receiver.wait(first.id, "customer.created", 2)
    here.client.v1.customers.update(first.id, {"name": "New"})
    here.receiver.wait(first.id, "customer.updated")
    control("events/idle")
    assert here.receiver.of(first.id) == ["customer.created"] * 2 + ["customer.updated"]
    assert endpoints.update(made.id, {"enabled_events": ["*"], "disabled": True}).status == "disabled"
    assert [found.id for found in endpoints.list().data] == [made.id]
    assert endpoints.delete(made.id).deleted is True
    refused(lambda: endpoints.retrieve(made.id), code="resource_missing", http_status=404)
    refused(lambda: endpoints.create(params | {"url": "/hook"}), code="url_invalid")
    refused(lambda: endpoints.create({"url": url, "enabled_events": ["everything"]}), param="enabled_events")


def part_retries():
    """an event that was not taken comes again"""
    with here.receiver.arrived:
        here.receiver.answers = [500, 503]
    made = customer()
    events = [here.receiver.wait(made.id, "customer.created", count) for count in (1, 2, 3)]
    assert len({event["id"] for event in events}) == 1


def part_duplicates():
    """one event several times; and one sent again"""
    control("event-faults", {"kind": "duplicate", "event": "customer.created", "copies": 5})
    made = customer()
    event = here.receiver.wait(made.id, "customer.created", 5)
    control(f"events/{event['id']}/redeliver", {"copies": 3})
    here.receiver.wait(made.id, "customer.created", 8)


def part_order():
    """events in another order, held back, and lost"""
    control("event-faults", {"kind": "reorder", "times": 3})
    intent = paid_intent()
    here.receiver.wait(intent.id, "payment_intent.created")
    kinds = ["payment_intent.succeeded", "payment_intent.created"]
    assert here.receiver.of(intent.id) == kinds, here.receiver.of(intent.id)
    control("event-faults", {"kind": "delay", "event": "customer."})
    held = customer()
    control("events/idle")
    assert here.receiver.of(held.id) == [] and len(control("events")["held"]) == 1
    assert control("events/release", {})["released"] == 1
    here.receiver.wait(held.id, "customer.created")
    control("event-faults", {"kind": "drop", "event": "customer."})
    lost = customer()
    control("events/idle")
    assert here.receiver.of(lost.id) == []
    found = here.client.v1.events.list({"type": "customer.created"}).data[0]
    assert found.data.object["id"] == lost.id


def part_signatures():
    """a wrong signature and an old one are refused by the SDK"""
    for kind in ("bad_signature", "old_timestamp"):
        control("event-faults", {"kind": kind, "event": "customer.created"})
        before = len(here.receiver.refused)
        made = customer()
        text = here.receiver.wait_refused(before + 1)
        assert ("Timestamp outside" in text) == (kind == "old_timestamp"), text
        assert here.receiver.of(made.id) == []


def part_before_the_buyer():
    """a page can wait for its events, so that they come before the buyer"""
    control("stripe/events_first", {"enabled": True})
    session = session_of()
    assert isinstance(pay(session.url), str)
    assert "checkout.session.completed" in here.receiver.of(session.id)
    control("stripe/events_first", {"enabled": False})


def part_as_wanted():
    """an event that a test wants: of any kind, of real money, and bytes that are none"""
    made = customer()
    sent = control("stripe/events", {"kind": "customer.updated", "object": made.id, "livemode": True})
    event = here.receiver.wait(made.id, "customer.updated")
    assert event["id"] == sent["event"] and event["livemode"] is True
    control("stripe/deliver", {"body": "no event"})
    with here.receiver.arrived:
        assert here.receiver.arrived.wait_for(lambda: here.receiver.raw == [b"no event"], 20)
