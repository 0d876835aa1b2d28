"""AWS's own service models, as botocore carries them: what an answer has that it should not, and what a call is made of.

botocore's parsers are lenient: they pass over members that the model does not know, and take a time in any format. So an
answer is judged as it came over the wire, member by member, and once more as botocore understood it. Knows no server.
"""

import base64
import binascii
import io
import json
import re
from datetime import datetime, timezone
from urllib.parse import parse_qs
from xml.etree import ElementTree

from botocore.parsers import RpcV2CBORParser

EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(2100, 1, 1, tzinfo=timezone.utc)
CBOR = "smithy-rpc-v2-cbor"
CONTENT_TYPES = {
    "json": "application/x-amz-json-",
    "rest-json": "application/json",
    "query": "text/xml",
    "ec2": "text/xml",
    CBOR: "application/cbor",
}
# What any service may say, whether the model lists it for the operation or not.
COMMON_ERRORS = {
    "AccessDenied",
    "AccessDeniedException",
    "InvalidAction",
    "InvalidParameterValue",
    "MissingParameter",
    "SerializationException",
    "Throttling",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationError",
    "ValidationException",
}

# What AWS itself says without a message.
WORDLESS = {"ParameterNotFound"}


def wire_name(shape, name):
    """A member's name in an answer. A flattened list has the name of its items, as botocore reads it."""
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        name = shape.member.serialization.get("name", name)
    return shape.serialization.get("name", name)


def answer(operation, protocol, status, headers, body):
    """Everything that is wrong with an answer as it came over the wire."""
    said = {name.lower(): value for name, value in headers.items()}
    kind, streams = said.get("content-type", ""), operation.has_event_stream_output
    right = "application/vnd.amazon.eventstream" if streams else CONTENT_TYPES[protocol]
    if not kind.startswith(right) and not operation.has_streaming_output:
        yield f"Content-Type: {kind!r} is not {right}"
    if "x-amzn-requestid" not in said:
        yield "no header x-amzn-RequestId"
    output = operation.output_shape
    members = output.members if output else {}
    by_status = any(member.serialization.get("location") == "statusCode" for member in members.values())
    wanted = operation.http.get("responseCode", 200)
    if not by_status and status != wanted:
        yield f"status {status}, the model says {wanted}"
    for name, member in members.items():
        if member.serialization.get("location") == "header":
            held = said.get(wire_name(member, name).lower())
            if held is None and name in output.required_members:
                yield f"no header {wire_name(member, name)}"
            if held is not None:
                yield from text(member, held, name)
    if operation.has_streaming_output or streams:
        return
    if protocol in ("query", "ec2"):
        yield from xml_answer(operation, protocol, body)
        return
    if payload := output and output.serialization.get("payload"):
        if members[payload].type_name == "structure":
            yield from value(members[payload], json.loads(body), payload)
        return
    if not body.strip():
        if output and output.required_members:
            yield "no body"
        return
    yield from value(output, decoded(protocol, body), operation.name, body=True)


def decoded(protocol, body):
    if protocol != CBOR:
        return json.loads(body)
    return RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))


def value(shape, given, path, body=False):
    """What is wrong with a value of JSON, or of CBOR, whose times are times."""
    if given is None:
        yield f"{path}: null"
    elif shape is None:
        if given != {}:
            yield f"{path}: {given!r}, though the operation answers with nothing"
    elif shape.type_name == "structure":
        yield from structure(shape, given, path, body)
    elif shape.type_name == "list":
        if not isinstance(given, list):
            yield f"{path}: {given!r} is no list"
            return
        for number, item in enumerate(given):  # of any length: AWS answers with empty lists where the model wants one
            yield from value(shape.member, item, f"{path}[{number}]")
    elif shape.type_name == "map":
        if not isinstance(given, dict):
            yield f"{path}: {given!r} is no map"
            return
        for key, item in given.items():
            yield from value(shape.key, key, f"{path} key")
            yield from value(shape.value, item, f"{path}.{key}")
    else:
        yield from scalar(shape, given, path)


def structure(shape, given, path, body=False):
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(given, dict):
        yield f"{path}: {given!r} is no structure"
        return
    members = {
        wire_name(member, name): (name, member)
        for name, member in shape.members.items()
        if not (body and "location" in member.serialization)
    }
    for key in given.keys() - members.keys():
        yield f"{path}: the model knows no {key}"
    for key, (name, member) in members.items():
        if key in given:
            yield from value(member, given[key], f"{path}.{key}")
        elif name in shape.required_members:
            yield f"{path}: no {key}, which is required"
    if shape.metadata.get("union") and len(given) != 1:
        yield f"{path}: {len(given)} members of a union"


def scalar(shape, given, path):
    kind = shape.type_name
    types = {
        "string": str,
        "character": str,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "boolean": bool,
        "blob": (str, bytes),
        "timestamp": (int, float, datetime, str),
    }
    if not isinstance(given, types[kind]) or isinstance(given, bool) != (kind == "boolean"):
        yield f"{path}: {given!r} is no {kind}"
    elif kind == "string":
        yield from string(shape, given, path)
    elif kind == "timestamp":
        yield from time(shape, given, path)
    elif kind == "blob" and isinstance(given, str):
        try:
            base64.b64decode(given, validate=True)
        except binascii.Error as error:
            yield f"{path}: no base64: {error}"
    elif kind in ("integer", "long"):
        yield from bounds(shape, given, path)
        if kind == "long" and shape.name == "Timestamp" and not in_our_time(given / 1000):
            yield f"{path}: {given} is not in milliseconds since 1970"


def string(shape, given, path):
    wanted = shape.metadata.get("enum")
    if wanted and given not in wanted:
        yield f"{path}: {given!r} is none of {wanted}"
    yield from bounds(shape, len(given), path)


def bounds(shape, size, path):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < float(low) or high is not None and size > float(high):
        yield f"{path}: {size} is not from {low} to {high}"


def time(shape, given, path):
    """Epoch seconds as a number, unless the model asks for ISO 8601."""
    iso = shape.serialization.get("timestampFormat") == "iso8601"
    if isinstance(given, datetime):  # CBOR's own
        right = EARLIEST <= given <= LATEST
    elif iso or isinstance(given, str):
        right = iso and isinstance(given, str) and iso_time(given)
    else:
        right = in_our_time(given)
    if not right:
        yield f"{path}: {given!r} is no {'ISO 8601' if iso else 'epoch seconds'}"


def in_our_time(seconds):
    return EARLIEST.timestamp() <= seconds <= LATEST.timestamp()


def iso_time(given):
    """With or without milliseconds, as the services do it, in UTC."""
    return re.fullmatch(r"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{3})?Z", given)


def xml_answer(operation, protocol, body):
    root = ElementTree.fromstring(body)
    namespace, name = split(root.tag)
    wanted = operation.service_model.metadata.get("xmlNamespace", namespace)
    if namespace.rstrip("/") != wanted.rstrip("/"):
        yield f"the namespace is {namespace}, the model says {wanted}"
    if name != f"{operation.name}Response":
        yield f"the answer is called {name}"
    output = operation.output_shape
    children = list(root)
    if protocol == "ec2":
        if not any(split(child.tag)[1] == "requestId" for child in children):
            yield "no requestId"
        bare = ("requestId",) if output and output.members else ("requestId", "return")
        yield from element(output, [child for child in children if split(child.tag)[1] not in bare], operation.name)
        return
    wrapper = output.serialization.get("resultWrapper") if output else None
    names = [split(child.tag)[1] for child in children]
    if names.count("ResponseMetadata") != 1:
        yield "no ResponseMetadata"
    if wrapper and names.count(wrapper) != 1:
        yield f"no {wrapper}"
    for child in children:
        if split(child.tag)[1] == wrapper:
            yield from element(output, list(child), operation.name)
        elif split(child.tag)[1] not in ("ResponseMetadata", f"{operation.name}Result"):
            yield f"the model knows no {split(child.tag)[1]} beside the result"


def split(tag):
    namespace, _, name = tag.rpartition("}")
    return namespace.lstrip("{"), name


def element(shape, children, path):
    """What is wrong with the children of a structure's element."""
    given = {}
    for child in children:
        given.setdefault(split(child.tag)[1], []).append(child)
    members = {wire_name(member, name): (name, member) for name, member in shape.members.items()} if shape else {}
    for key in given.keys() - members.keys():
        yield f"{path}: the model knows no {key}"
    for key, (name, member) in members.items():
        if key not in given:
            if name in shape.required_members and not member.serialization.get("flattened"):
                yield f"{path}: no {key}, which is required"
            continue
        elements = given[key]
        if member.type_name == "list" and member.serialization.get("flattened"):
            for one in elements:
                yield from node(member.member, one, f"{path}.{key}[]")
        elif len(elements) > 1:
            yield f"{path}: {key} {len(elements)} times"
        else:
            yield from node(member, elements[0], f"{path}.{key}")


def node(shape, given, path):
    kind, children = shape.type_name, list(given)
    if kind in ("structure", "list", "map") and (given.text or "").strip():
        yield f"{path}: text {given.text!r} where a {kind} should be"
    elif kind == "structure":
        yield from element(shape, children, path)
    elif kind == "list":
        item = shape.member.serialization.get("name", "member")
        for child in children:
            if split(child.tag)[1] != item:
                yield f"{path}: {split(child.tag)[1]} where {item} should be"
            yield from node(shape.member, child, f"{path}[]")
    elif kind == "map":
        names = (shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value"))
        for entry in children:
            found = [split(child.tag)[1] for child in entry]
            if split(entry.tag)[1] != "entry" or sorted(found) != sorted(names):
                yield f"{path}: {split(entry.tag)[1]} of {found} is no entry of {names}"
            for child in entry:
                yield from node(shape.key if split(child.tag)[1] == names[0] else shape.value, child, f"{path}{{}}")
    elif children:
        yield f"{path}: elements where a {kind} should be"
    else:
        yield from text(shape, given.text or "", path)


def text(shape, given, path):
    """What is wrong with a value that is written as text: in XML, or in a header."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            yield from scalar(shape, int(given), path)
        elif kind in ("float", "double"):
            yield from scalar(shape, float(given), path)
        elif kind == "boolean":
            if given not in ("true", "false"):
                yield f"{path}: {given!r} is no boolean"
        elif kind == "timestamp":
            if not iso_time(given):
                yield f"{path}: {given!r} is no ISO 8601"
        else:
            yield from scalar(shape, given, path)
    except ValueError:
        yield f"{path}: {given!r} is no {kind}"


def parsed(shape, given, path):
    """What is wrong with an answer as botocore understood it."""
    if shape.type_name == "structure" and isinstance(given, dict):
        for name in shape.required_members:
            if name not in given:
                yield f"{path}: no {name}, as botocore reads it"
        for name, inner in given.items():
            if name in shape.members and not getattr(shape.members[name], "is_document_type", False):
                yield from parsed(shape.members[name], inner, f"{path}.{name}")
            elif name not in ("ResponseMetadata", "SDK_UNKNOWN_MEMBER") and name not in shape.members:
                yield f"{path}: the model knows no {name}"
    elif shape.type_name == "list" and isinstance(given, list):
        for inner in given:
            yield from parsed(shape.member, inner, f"{path}[]")
    elif shape.type_name == "timestamp":
        if not isinstance(given, datetime) or given.tzinfo is None or not EARLIEST <= given <= LATEST:
            yield f"{path}: {given!r} is no time in UTC"


def error(operation, protocol, status, headers, body, code):
    """Everything that is wrong with a refusal, and whether the model lists its code for the operation.

    Gives (complaints, modelled). A code is modelled, too, where the model lists none at all, as EC2's does.
    """
    complaints = list(error_body(protocol, headers, body))
    shapes = operation.error_shapes
    compatible = operation.service_model.metadata.get("awsQueryCompatible") is not None
    for shape in shapes:
        names = {shape.error_code} if protocol == "query" else {shape.name}
        if compatible:
            names.add(shape.error_code)
        if code in names:
            wanted = shape.metadata.get("error", {}).get("httpStatusCode", status)
            if status != wanted:
                complaints.append(f"{code} with status {status}, the model says {wanted}")
            return complaints, True
    return complaints, not shapes


def error_body(protocol, headers, body):
    said = {name.lower(): value for name, value in headers.items()}
    if not said.get("content-type", "").startswith(CONTENT_TYPES[protocol]):
        yield f"Content-Type of a refusal: {said.get('content-type')!r}"
    if protocol in ("query", "ec2"):
        root = ElementTree.fromstring(body)
        paths = ("Errors/Error", "RequestID", "Response") if protocol == "ec2" else ("Error", "RequestId", "ErrorResponse")
        bare = ElementTree.fromstring(re.sub(rb'\sxmlns="[^"]*"', b"", body))
        if split(root.tag)[1] != paths[2]:
            yield f"a refusal called {split(root.tag)[1]}"
        for path in (f"{paths[0]}/Code", f"{paths[0]}/Message", paths[1]):
            if not (bare.findtext(path) or "").strip():
                yield f"a refusal without {path}"
        if protocol == "query" and bare.findtext("Error/Type") not in ("Sender", "Receiver"):
            yield "a refusal whose Type is neither Sender nor Receiver"
        return
    members = decoded(protocol, body)
    wordless = members.get("__type") in WORDLESS
    if not wordless and not any(members.get(name) for name in ("message", "Message")):
        yield "a refusal without a message"
    if protocol == "rest-json" and "x-amzn-errortype" not in said:
        yield "a refusal without the header x-amzn-ErrorType"
    if protocol in ("json", CBOR) and not members.get("__type"):
        yield "a refusal without __type"


def inputs(operation, request, params):
    """What a call says, by the names on the wire: the form's or the body's, the query's, and of members in the path or a
    header both the wire's name and the member's own."""
    body, names = request.get("body"), set()
    if isinstance(body, dict):
        names |= {key.split(".")[0] for key in body} - {"Action", "Version"}
    elif body and operation.service_model.resolved_protocol == CBOR:
        names |= decoded(CBOR, body).keys()
    elif body:
        try:
            content = json.loads(body)
        except ValueError:
            content = None  # a payload that is no JSON
        names |= content.keys() if isinstance(content, dict) else set()
    query = request.get("query_string") or {}
    names |= set(parse_qs(query, keep_blank_values=True) if isinstance(query, str) else query)
    shape = operation.input_shape
    for name in params:
        member = shape.members.get(name) if shape else None
        if member is not None and member.serialization.get("location") in ("uri", "header", "headers"):
            names |= {name, wire_name(member, name)}
        if shape is not None and shape.serialization.get("payload") == name:
            names |= {name, wire_name(member, name)}
    return names


def example(shape, depth=0):
    """Some value of that shape, with what it requires and nothing else."""
    kind = shape.type_name
    if kind == "structure":
        names = shape.required_members or (list(shape.members)[:1] if depth and depth < 6 else [])
        return {name: example(shape.members[name], depth + 1) for name in names}
    if kind == "list":
        return [example(shape.member, depth + 1)]
    if kind == "map":
        return {example(shape.key, depth + 1): example(shape.value, depth + 1)}
    if kind == "string":
        return (shape.metadata.get("enum") or ["x" * max(1, int(shape.metadata.get("min", 1)))])[0]
    simple = {"boolean": True, "blob": b"x", "timestamp": datetime(2026, 1, 1, tzinfo=timezone.utc), "character": "x"}
    return simple.get(kind, int(shape.metadata.get("min", 1)))
