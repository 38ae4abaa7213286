"""Is a request to Stripe one that Stripe's API takes? The official SDK's types of params say it.

The types are generated from Stripe's own description of its API, so the SDK's version decides the API's version. Every
name, word and number is checked; what only the service knows is not: whether ids exist, what an account may do.

    python stripe_requests.py --requests requests.jsonl
"""

import argparse
import ast
import functools
import importlib
import json
import pathlib
import re
import sys
import types
import typing
from urllib.parse import parse_qsl

import stripe
import typing_extensions
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import core_schema
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from requests_log import logged

API_VERSION = "2026-09-30.endive"
# What Stripe takes by card, from https://docs.stripe.com/currencies: the SDK lets a currency be any text.
CURRENCIES = set(
    "aed afn all amd aoa ars aud awg azn bam bbd bdt bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop crc "
    "cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy "
    "kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio "
    "nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sos srd szl thb tjs tnd top "
    "try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw".split()
)
# Calls that make something: Scrip repeats each under the key that it has stored.
MAKES = {"/v1/customers", "/v1/checkout/sessions", "/v1/payment_intents", "/v1/refunds"}
SOURCES = pathlib.Path(stripe.__file__).parent
# What the SDK's methods take besides params.
OPTIONS = set(RequestOptions.__annotations__)

# The SDK takes its own objects in place of a dict; a request never has one.
UntypedStripeObject.__get_pydantic_core_schema__ = classmethod(
    lambda cls, _source, _handler: core_schema.is_instance_schema(cls)
)


class Endpoint(typing.NamedTuple):
    """A call of the API: how it is made, and the type of its params."""

    method: str
    path: str
    pattern: re.Pattern
    module: str | None
    params: str | None


def params_type(function):
    """The name of the type that a method's `params` have."""
    for argument in function.args.args:
        if argument.arg == "params" and argument.annotation is not None:
            found = re.search(r"[A-Z]\w+Params", ast.unparse(argument.annotation))
            return found and found.group(0)
    return None


def template_of(node):
    """The path that a method asks for, with its ids in braces."""
    return node.func.value.value if isinstance(node, ast.Call) else node.value


def endpoints_of(file):
    """The calls that one file of the SDK makes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe.params"):
            modules.update({alias.asname or alias.name: node.module for alias in node.names})
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        name = params_type(function)
        for call in ast.walk(function):
            is_request = isinstance(call, ast.Call) and getattr(call.func, "attr", None) == "_request"
            if is_request:
                template = template_of(call.args[1])
                pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
                yield Endpoint(
                    call.args[0].value.upper(), template, re.compile(pattern + "$"), modules.get(name), name
                )


@functools.cache
def endpoints():
    """All calls of the API; a path without an id in it comes before one that has."""
    found = [endpoint for file in SOURCES.rglob("_*_service.py") for endpoint in endpoints_of(file)]
    return sorted(found, key=lambda endpoint: endpoint.path.count("{"))


def closed(annotation):
    """An enum as it is: the SDK lets each take any text, so that it outlives the API's next word."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal or not arguments:
        return annotation
    new = tuple(closed(argument) for argument in arguments)
    if origin is typing.Union or origin is types.UnionType:
        words = [part for part in new if typing.get_origin(part) is typing.Literal]
        if any(word != "" for part in words for word in typing.get_args(part)):
            new = tuple(part for part in new if part is not str)
        return typing.Union[new]
    return annotation if new == arguments else annotation.copy_with(new)


@functools.cache
def reader(module, name):
    """What reads the params of one type, strictly."""
    imported = importlib.import_module(module)
    for value in vars(imported).values():
        if not typing_extensions.is_typeddict(value) or value.__module__ != module:
            continue
        value.__pydantic_config__ = ConfigDict(extra="forbid")
        for option in OPTIONS & value.__annotations__.keys():
            del value.__annotations__[option]
        hints = typing_extensions.get_type_hints(value, vars(imported), include_extras=True)
        value.__annotations__.update({field: closed(hint) for field, hint in hints.items()})
    return TypeAdapter(getattr(imported, name))


def lists(value):
    """Objects whose names are all numbers are lists."""
    if not isinstance(value, dict):
        return value
    value = {name: lists(inner) for name, inner in value.items()}
    if value and all(name.isdigit() for name in value):
        return [value[name] for name in sorted(value, key=int)]
    return value


def tree(form):
    """A bracketed form as a tree."""
    root = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        first, *rest = name.split("[")
        node, parts = root, [first, *(part.removesuffix("]") for part in rest)]
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[parts[-1] or str(len(node))] = value
    # Only what is inside can be a list.
    return {name: lists(value) for name, value in root.items()}


def currencies(params):
    """Each currency that is named, wherever it stands."""
    for name, value in params.items() if isinstance(params, dict) else enumerate(params):
        if name == "currency":
            yield value
        elif isinstance(value, (dict, list)):
            yield from currencies(value)


def problems(method, path, form):
    """What is wrong with a request; nothing when it conforms."""
    endpoint = next((known for known in endpoints() if known.method == method and known.pattern.match(path)), None)
    if endpoint is None:
        return [f"Stripe has no {method} {path}"]
    params = tree(form)
    if endpoint.module is None:
        return [f"{endpoint.path} takes no params"] if params else []
    try:
        reader(endpoint.module, endpoint.params).validate_python(params)
    except ValidationError as error:
        return [f"{'.'.join(map(str, found['loc']))}: {found['msg'][:150]}" for found in error.errors()]
    return [f"no currency of Stripe's: {code}" for code in currencies(params) if code.lower() not in CURRENCIES]


def problems_of(logged, has_keys=False):
    """What is wrong with a request of the log."""
    found = problems(logged["method"], logged["path"], logged["body"])
    if has_keys and logged["method"] == "POST" and logged["path"] in MAKES and not logged["idempotency_key"]:
        found.append("it makes something and has no idempotency key")
    if logged["version"] != API_VERSION:
        found.append(f"version {logged['version']}, not {API_VERSION}")
    return [f"{logged['method']} {logged['path']}: {problem}" for problem in found]


def finds_wrong_requests():
    """The check itself, by requests that are right and others that are not."""
    url = "success_url=https%3A%2F%2Fexample.com"
    price = "line_items[0][price_data]"
    line = f"line_items[0][quantity]=1&{price}[currency]=usd&{price}[unit_amount]=500"
    right = [
        ("POST", "/v1/checkout/sessions", f"mode=payment&{url}&{line}&metadata[order]=1&expand[]=payment_intent"),
        ("POST", "/v1/payment_intents", "amount=100&currency=usd&off_session=true&confirm=true"),
        ("POST", "/v1/refunds", "payment_intent=pi_1&amount=100&reason=requested_by_customer"),
        ("GET", "/v1/payment_intents", "created[gte]=5&limit=100"),
        ("GET", "/v1/account", ""),
    ]
    wrong = [
        ("POST", "/v1/checkout/sessions", f"mode=pay&{url}"),
        ("POST", "/v1/checkout/sessions", f"mode=payment&{url}&line_items[0][quantity]=two"),
        ("POST", "/v1/checkout/sessions", f"mode=payment&{url}&line_items[0][prize]=price_1"),
        ("POST", "/v1/checkout/sessions", f"mode=payment&{url}&payment_method_types[0]=card"),
        ("POST", "/v1/checkout/sessions", f"mode=payment&{url}&{line.replace('usd', 'xxx')}"),
        ("POST", "/v1/payment_intents", "currency=usd"),
        ("POST", "/v1/payment_intents", "amount=100&currency=usd&automatic_payment_methods[enable]=true"),
        ("POST", "/v1/refunds", "payment_intent=pi_1&amount=1.5"),
        ("POST", "/v1/refunds", "payment_intent=pi_1&reason=because"),
        ("POST", "/v1/refunds/re_1/cancel_now", ""),
        ("GET", "/v1/payment_intents", "created[since]=5"),
        ("POST", "/v1/refundz", ""),
    ]
    for request in right:
        assert not problems(*request), f"a right request is refused: {request}: {problems(*request)}"
    passed = [request for request in wrong if not problems(*request)]
    assert not passed, f"wrong requests pass: {passed}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", required=True, help="the log that the stand-ins wrote, or a folder of logs")
    parser.add_argument("--accepted", action="store_true", help="only requests that were not refused")
    parser.add_argument("--sent-by", metavar="NAME", help="only requests of clients that name themselves so")
    options = parser.parse_args()
    assert stripe.api_version == API_VERSION, f"the SDK is for {stripe.api_version}"
    finds_wrong_requests()
    lines = [line for line in logged(options.requests, options.sent_by) if line["provider"] == "stripe"]
    if options.accepted:
        lines = [line for line in lines if line["status"] < 400]
    found = [problem for line in lines for problem in problems_of(line, has_keys=options.sent_by is not None)]
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"Stripe: {len(lines)} requests held against stripe {stripe.VERSION}, {len(found)} problems")
    return 1 if found or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
