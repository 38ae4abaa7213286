"""Is a JSON object one that Stripe gives? The official SDK's classes say it: fields, types, words.

A field that must be there and is not, one of another type, a word that Stripe does not use, a field that Stripe does
not have: each is told with its path. A type that can't be resolved is passed over.
"""

import importlib
import pkgutil
import sys
import types
import typing
from decimal import Decimal

import stripe
import typing_extensions
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import StripeObject

UNIONS = (typing.Union, types.UnionType)
LITERALS = (typing.Literal, typing_extensions.Literal)
SCALARS = {
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    str: lambda value: isinstance(value, str),
    bool: lambda value: isinstance(value, bool),
    float: lambda value: isinstance(value, int | float),
    Decimal: lambda value: isinstance(value, str | int | float),
}


def classes():
    """All classes of the SDK by name, for annotations that are texts."""
    found = {}
    for module in pkgutil.walk_packages(stripe.__path__, "stripe."):
        if ".params" in module.name or "service" in module.name or "event" in module.name.lower():
            continue
        try:
            names = vars(importlib.import_module(module.name))
        except ImportError:
            # For a library that is not installed.
            continue
        for name, value in names.items():
            if isinstance(value, type) and issubclass(value, StripeObject):
                found.setdefault(name, value)
    found |= {name: getattr(typing, name) for name in ("Any", "Dict", "List", "Optional", "Union")}
    found |= {"ListObject": stripe.ListObject, "ExpandableField": typing.Union}
    return found | {"Literal": typing_extensions.Literal}


CLASSES = classes()


def resolved(annotation, names):
    """An annotation that is a text as what it means; none when nobody knows."""
    text = annotation.__forward_arg__ if isinstance(annotation, typing.ForwardRef) else annotation
    if not isinstance(text, str):
        return annotation
    try:
        return eval(text, names)  # noqa: S307, the SDK's own source
    except Exception:  # noqa: BLE001, whatever can't be resolved is passed over
        return typing.Any


def fields(kind):
    """The fields of a class: their types, and the names by which these are resolved."""
    found = {}
    for base in reversed(kind.__mro__):
        if not issubclass(base, StripeObject) or base is StripeObject:
            continue
        names = dict(vars(sys.modules[base.__module__])) | CLASSES
        for inner in kind.__mro__:
            names |= {name: value for name, value in vars(inner).items() if isinstance(value, type)}
        for name, annotation in base.__dict__.get("__annotations__", {}).items():
            if not name.startswith("_") and "ClassVar" not in str(annotation):
                found[name] = (resolved(annotation, names), names)
    return found


def of_union(value, arguments, names, path):
    """Problems with the alternative that fits best."""
    if any(typing.get_origin(argument) in LITERALS for argument in arguments):
        # The SDK lets each enum take any text, so that it outlives the API's next word.
        arguments = [argument for argument in arguments if argument is not str]
    return min((check(value, argument, names, path) for argument in arguments), key=len, default=[])


def of_object(value, kind, path):
    """Problems with the fields of an object."""
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    known, found = fields(kind), []
    for name, (annotation, names) in known.items():
        if name in value:
            found += check(value[name], annotation, names, f"{path}.{name}")
        elif type(None) not in typing.get_args(annotation) and name != "deleted":
            found.append(f"{path}.{name}: missing")
    return found + [f"{path}.{name}: not a field of Stripe" for name in value.keys() - known.keys()]


def of_list(value, arguments, names, path):
    """Problems with the items of a list object."""
    if not isinstance(value, dict) or value.get("object") != "list" or not isinstance(value.get("data"), list):
        return [f"{path}: not a list object"]
    found = [f"{path}.{name}: missing" for name in ("has_more", "url") if name not in value]
    for number, item in enumerate(value["data"]):
        found += check(item, arguments[0], names, f"{path}.data[{number}]") if arguments else []
    return found


def check(value, annotation, names, path):
    """Problems with a value of a type."""
    annotation = resolved(annotation, names)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    kind = origin if isinstance(origin, type) else annotation
    if annotation is typing.Any or annotation is object:
        return []
    if "ExpandableField" in str(annotation) and origin not in UNIONS:
        return [] if isinstance(value, str) else check(value, arguments[0], names, path)
    if origin in UNIONS:
        return of_union(value, arguments, names, path)
    if origin in LITERALS:
        return [] if value in arguments else [f"{path}: {value!r} is none of {list(arguments)[:6]}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [
            found
            for number, item in enumerate(value)
            for found in check(item, arguments[0], names, f"{path}[{number}]")
        ]
    if kind is dict:
        return [] if isinstance(value, dict) else [f"{path}: not an object"]
    if kind is type(None):
        return [] if value is None else [f"{path}: not null"]
    if isinstance(kind, type) and issubclass(kind, stripe.ListObject):
        return of_list(value, arguments, names, path)
    if isinstance(kind, type) and kind.__name__ == "UntypedStripeObject":
        return [] if isinstance(value, dict) else [f"{path}: not an object"]
    if isinstance(kind, type) and issubclass(kind, StripeObject):
        return of_object(value, kind, path)
    fits = SCALARS.get(kind)
    return [f"{path}: {value!r} is no {kind.__name__}"] if fits and not fits(value) else []


def class_of(name):
    """The SDK's class of an object, by the name that the object gives itself."""
    module, kind = OBJECT_CLASSES[name]
    return getattr(importlib.import_module(module), kind)


def problems(body):
    """What is wrong with an answer of the API; nothing when it is as Stripe's."""
    if "error" in body:
        return check(body["error"], stripe.ErrorObject, CLASSES, "error")
    name = body.get("object")
    if name == "list":
        found = of_list(body, (), CLASSES, "list")
        return found + [problem for item in body.get("data", []) for problem in problems(item)]
    if name not in OBJECT_CLASSES:
        return [f"Stripe has no object {name!r}"]
    if body.get("deleted") is True:
        return [] if body.keys() == {"id", "object", "deleted"} else [f"{name}: more than that it is deleted"]
    found = check(body, class_of(name), CLASSES, name)
    if name == "event":
        # The SDK leaves the type of what an event is about open.
        found += [f"{body['type']}: {problem}" for problem in problems(body["data"]["object"])]
    return found
