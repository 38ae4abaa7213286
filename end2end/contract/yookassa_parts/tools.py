"""What yookassa_drive.py needs besides the SDK: the stand-in's control calls, a receiver, and a reader of its pages."""

import json
import threading
import time
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin

import requests

RETURN_URL = "http://127.0.0.1:9/back?order=1&lang=ru"
WAIT_SECONDS = 20


class Double:
    """The stand-in, by its address."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.api = f"{self.url}/yookassa/v3"

    def control(self, path, body=None):
        """A control call; a body makes it a POST."""
        url = f"{self.url}/_control/{path}"
        answer = requests.get(url, timeout=30) if body is None else requests.post(url, json=body, timeout=30)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def advance(self, **step):
        """Moves the clock on, by days, hours, minutes or seconds."""
        factors = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
        self.control("clock", {"advance": sum(factors[unit] * count for unit, count in step.items())})

    def fault(self, kind, path, **more):
        """Lets the next POST to a path go wrong."""
        self.control("faults", {"kind": kind, "method": "POST", "path": f"/yookassa/v3{path}", **more})

    def post(self, path, body, shop, headers=None):
        """A call as it comes, past the SDK: for what the SDK does not let through."""
        sent = {"Idempotence-Key": f"raw-{time.time_ns()}"} | (headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        url = f"{self.api}{path}"
        return requests.post(url, json=body, auth=(shop, "test_key"), headers=sent, timeout=30)


class Receiver:
    """Takes notifications and keeps them; can be told to answer something else for a while."""

    def __init__(self, port):
        receiver = self
        self.came = []
        self.answers = []
        self.arrived = threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            """One notification."""

            def do_POST(self):  # noqa: N802, the name is given by the library
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with receiver.arrived:
                    receiver.came.append(body)
                    status = receiver.answers.pop(0) if receiver.answers else 200
                    receiver.arrived.notify_all()
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def of(self, object_id):
        """The notifications of one object so far."""
        with self.arrived:
            return [body for body in self.came if body["object"]["id"] == object_id]

    def wait(self, object_id, count=1):
        """Waits until so many notifications of an object have come."""
        with self.arrived:
            def there():
                return sum(body["object"]["id"] == object_id for body in self.came) >= count
            assert self.arrived.wait_for(there, WAIT_SECONDS), f"{count} notifications of {object_id} have not come"
        return self.of(object_id)


class Page(HTMLParser):
    """A hosted page as a reader of the screen finds it: language, forms, labels, errors and links."""

    def __init__(self, answer):
        super().__init__()
        self.answer, self.lang, self.title, self.text = answer, None, "", ""
        self.forms, self.labels, self.links, self.alerts, self.ids = [], set(), [], 0, set()
        self.scripts = 0
        self._in_title = False
        self.feed(answer.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.add(attrs.get("id"))
        self.alerts += attrs.get("role") == "alert"
        self.scripts += tag == "script" or any(name.startswith("on") for name in attrs)
        if tag == "html":
            self.lang = attrs.get("lang")
        elif tag == "title":
            self._in_title = True
        elif tag == "form":
            self.forms.append({"action": attrs["action"], "inputs": [], "buttons": []})
        elif tag == "input":
            self.forms[-1]["inputs"].append(attrs)
        elif tag == "button":
            self.forms[-1]["buttons"].append(attrs)
        elif tag == "label":
            self.labels.add(attrs["for"])
        elif tag == "a":
            self.links.append(attrs["href"])

    def handle_endtag(self, tag):
        self._in_title = self._in_title and tag != "title"

    def handle_data(self, data):
        self.text += data
        self.title += data if self._in_title else ""

    def send(self, button, **fields):
        """Fills in the form that has the button, and presses it; the answer is the next page, or a redirect."""
        form = next(form for form in self.forms if any(known["value"] == button for known in form["buttons"]))
        named = next(known["name"] for known in form["buttons"] if known["value"] == button)
        known = {field["name"] for field in form["inputs"]}
        assert set(fields) <= known, (fields, known)
        typed = {field["name"]: field.get("value", "") for field in form["inputs"]} | fields | {named: button}
        url = urljoin(self.answer.url, form["action"])
        return requests.post(url, data=typed, allow_redirects=False, timeout=30)

    def check(self):
        """What every page must be: without scripts, in a language, each field labelled, each error at its field."""
        assert self.answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert self.scripts == 0 and self.lang in ("ru", "en") and self.title, self.title
        for field in (field for form in self.forms for field in form["inputs"]):
            assert field["id"] in self.labels, field
            assert field.get("aria-describedby") is None or field["aria-describedby"] in self.ids, field
        return self


def open_page(url):
    """A hosted page by its address."""
    return Page(requests.get(url, timeout=30)).check()


def pay_by_card(url, number, expiry="12/48"):
    """Pays with a card on a hosted page; the answer is a redirect or the next page."""
    return open_page(url).send("bank_card", number=number, expiry=expiry, csc="123")


def returned(answer):
    """Whether the buyer was sent back to the shop, to exactly the address that it gave."""
    return answer.status_code == 303 and answer.headers["Location"] == RETURN_URL


def answer_bank(answer, base, choice):
    """Answers the bank's question of 3-D Secure."""
    assert answer.status_code == 303, answer.text
    return open_page(urljoin(base, answer.headers["Location"])).send(choice)
