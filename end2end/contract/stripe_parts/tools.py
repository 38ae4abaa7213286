"""What stripe_drive.py needs besides the SDK: a client that checks, a receiver, control calls, pages."""

import json
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urljoin

import requests
import stripe

import stripe_responses

WAIT_SECONDS = 20
SUCCESS_URL = "http://127.0.0.1:9/paid?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://127.0.0.1:9/cancelled?order=1&lang=ru"

# The stand-in, the client, the receiver of events, and what was found wrong.
here = SimpleNamespace(url="", client=None, receiver=None, answers=0, found=[])


class CheckingClient(stripe.RequestsClient):
    """Looks at each answer before the SDK does."""

    last_headers = {}

    def request(self, method, url, headers, post_data=None):
        content, status, answer_headers = super().request(method, url, headers, post_data)
        here.answers += 1
        CheckingClient.last_headers = answer_headers
        path = url.removeprefix(here.url)
        try:
            body = json.loads(content)
        except ValueError:
            # What a fault made unreadable is for the part that set it.
            return content, status, answer_headers
        here.found += [f"{method} {path}: {problem}" for problem in stripe_responses.problems(body)]
        if "request-id" not in answer_headers:
            here.found.append(f"{method} {path}: no request-id")
        return content, status, answer_headers


def connect(url, key="sk_test_drive"):
    """The SDK's client of the stand-in; it repeats nothing by itself."""
    checking = CheckingClient(timeout=30)
    return stripe.StripeClient(key, base_addresses={"api": url}, http_client=checking, max_network_retries=0)


def control(path, body=None):
    """A control call; a body makes it a POST."""
    url = f"{here.url}/_control/{path}"
    answer = requests.get(url, timeout=30) if body is None else requests.post(url, json=body, timeout=30)
    assert answer.status_code == 200, (path, answer.status_code, answer.text)
    return answer.json()


def advance(seconds):
    """Moves the clock on."""
    control("clock", {"advance": seconds})


def fault(kind, path, **more):
    """Lets the next POST to a path go wrong."""
    control("faults", {"kind": kind, "method": "POST", "path": path, **more})


def refused(call, kind=stripe.InvalidRequestError, **expected):
    """The error of a call that must be refused, with `code`, `param` and `http_status` as expected."""
    try:
        call()
    except kind as error:
        found = {name: getattr(error, name) for name in expected}
        assert found == expected, (found, str(error))
        return error
    raise AssertionError(f"not refused: {expected}")


class Receiver:
    """Takes events, verifies each by the SDK, and checks it."""

    def __init__(self, port, secret):
        self.port, self.secrets = port, [secret]
        self.came, self.raw, self.refused, self.answers = [], [], [], []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """One event."""

            def do_POST(self):  # noqa: N802, the name is given by the library
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(body, self.headers["Stripe-Signature"]))
                self.end_headers()

            def log_message(self, *_):
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def take(self, body, signature):
        """Verifies an event as Stripe's users do; the status is the answer."""
        errors = [self.error_of(body, signature, secret) for secret in self.secrets]
        if all(errors):
            with self.arrived:
                self.refused.append(errors[0])
                self.arrived.notify_all()
            return 400
        if not body.startswith(b"{"):
            # What a test sent that is no event.
            with self.arrived:
                self.raw.append(body)
                self.arrived.notify_all()
            return 200
        event = json.loads(body)
        problems = stripe_responses.problems(event)
        with self.arrived:
            here.found += [f"event {event['type']}: {problem}" for problem in problems]
            status = self.answers.pop(0) if self.answers else 200
            self.came.append(event)
            self.arrived.notify_all()
        return status

    @staticmethod
    def error_of(body, signature, secret):
        """Why a signature is not one of a secret."""
        try:
            stripe.WebhookSignature.verify_header(body.decode(), signature, secret, tolerance=300)
        except stripe.SignatureVerificationError as error:
            return str(error)
        return None

    def of(self, object_id):
        """The kinds of an object's events so far, in the order in which they came."""
        with self.arrived:
            return [event["type"] for event in self.came if event["data"]["object"]["id"] == object_id]

    def wait(self, object_id, kind, count=1):
        """Waits until an object has had so many events of a kind; the last one is given."""
        def matching():
            return [
                event
                for event in self.came
                if event["type"] == kind and event["data"]["object"]["id"] == object_id
            ]

        with self.arrived:
            there = self.arrived.wait_for(lambda: len(matching()) >= count, WAIT_SECONDS)
            assert there, f"{count} {kind} of {object_id} have not come: {self.of_all()}"
            return matching()[-1]

    def wait_refused(self, count):
        """Waits until so many events were refused for their signature."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.refused) >= count, WAIT_SECONDS), self.refused
            return self.refused[-1]

    def of_all(self):
        """All events so far, for an error."""
        return [(event["type"], event["data"]["object"].get("id")) for event in self.came][-20:]


class Page(HTMLParser):
    """A hosted page, as a reader of the screen finds it."""

    def __init__(self, answer):
        super().__init__()
        self.answer, self.text, self.fields, self.buttons, self.labels, self.links = answer, "", {}, {}, set(), {}
        self.scripts, self.alerts, self.action = 0, 0, ""
        self._open = None
        self.feed(answer.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.scripts += tag == "script" or any(name.startswith("on") for name in attrs)
        self.alerts += attrs.get("role") == "alert"
        if tag == "form":
            self.action = attrs.get("action", "")
        elif tag == "input":
            self.fields[attrs["name"]] = attrs
        elif tag == "label" and "for" in attrs:
            self.labels.add(attrs["for"])
        elif tag in ("button", "a"):
            self._open = attrs

    def handle_endtag(self, tag):
        self._open = None if tag in ("button", "a") else self._open

    def handle_data(self, data):
        self.text += data
        if self._open is not None and "href" in self._open:
            self.links[data] = self._open["href"]
        elif self._open is not None:
            self.buttons[data] = self._open["value"]

    def check(self):
        """What every page must be: without scripts, each field labelled."""
        assert self.scripts == 0 and self.answer.headers["Content-Type"].startswith("text/html")
        unlabelled = [name for name, field in self.fields.items() if "id" in field and field["id"] not in self.labels]
        assert not unlabelled, unlabelled
        return self

    def press(self, button, **fields):
        """Fills the form in and presses a button; gives the next page, or where the buyer is sent."""
        assert set(fields) <= set(self.fields), (fields, self.fields)
        typed = {name: field.get("value", "") for name, field in self.fields.items() if field.get("type") != "checkbox"}
        data = typed | fields | {"action": self.buttons[button]}
        return follow(requests.post(urljoin(self.answer.url, self.action), data=data, allow_redirects=False, timeout=30))


def follow(answer):
    """Goes on to the stand-in's own next page; an address of the shop is given as it is."""
    if answer.status_code != 303:
        return Page(answer).check()
    target = urljoin(answer.url, answer.headers["Location"])
    return open_page(target) if target.startswith(here.url) else target


def open_page(url):
    """A hosted page by its address."""
    return Page(requests.get(url, timeout=30)).check()


def session_of(**params):
    """A Checkout Session for 5 dollars, or what is said instead."""
    item = {"price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Credits"}}, "quantity": 1}
    usual = {"mode": "payment", "success_url": SUCCESS_URL, "cancel_url": CANCEL_URL, "line_items": [item]}
    given = {name: value for name, value in (usual | params).items() if value is not None}
    return here.client.v1.checkout.sessions.create(given)


def customer(**params):
    """A new customer."""
    return here.client.v1.customers.create({"email": "buyer@example.com", "name": "Buyer"} | params)


def pay(url, number="4242 4242 4242 4242", button="Pay", expiry="12 / 34"):
    """Pays with a card on a page."""
    return open_page(url).press(button, number=number, expiry=expiry, cvc="123")


def paid_intent(method="pm_card_visa", amount=1000, **params):
    """A payment that has succeeded."""
    automatic = {"enabled": True, "allow_redirects": "never"}
    usual = {"amount": amount, "currency": "usd", "payment_method": method, "automatic_payment_methods": automatic}
    given = usual | {"confirm": True} | params
    intent = here.client.v1.payment_intents.create(given)
    assert intent.status == "succeeded"
    return intent


def saved_card(owner, number="4242424242424242"):
    """A card that a customer has."""
    return control(f"stripe/customers/{owner.id}/payment_methods", {"number": number})["id"]
