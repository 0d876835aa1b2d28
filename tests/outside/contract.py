"""Every operation that the lab promises, with every input that it takes, judged by AWS's own service models.

Each file in `contract/` drives one service through botocore, in a lab of its own; this script judges every answer and every
refusal (`model.py`), and fails if an operation of the lab's own table, or one of the inputs that the table says it takes,
was never used. It also asks for the opposite: an input that AWS knows and the table lacks must be refused by its name, and
so must every operation that is not in the table, for the lab never answers with an empty success.

    tests/outside/contract.py [SERVICE…]    drives only these files, and fails for nothing in the others

A file has `drive(call, refuse, lab)`:

    call("ec2", "DescribeInstances", MaxResults=5)    the answer, as botocore parses it
    refuse("ec2", "DescribeInstances", "InvalidInstanceID.Malformed", 400, InstanceIds=["i-zz"])
    lab.account, lab.region, lab.url, lab.access_key, lab.secret_key, lab.wait(condition)
"""

import importlib.util
import json
import sys
import traceback
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import checks
import model
from checks import check, run, same, serve_lab, until

FILES = Path(__file__).with_name("contract")
# What the table calls a service (the name it is signed for) where boto3 calls it otherwise.
CLIENTS = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}
# CloudWatch's clients speak three protocols: the CLI and boto3 JSON, older ones the query, the Go and Rust SDKs CBOR.
PROTOCOLS = {"cloudwatch": ("json", "query", model.CBOR)}
# Inputs that botocore cannot send to a plain endpoint: it would sign them in another way, or call another host.
UNSENDABLE = {("events", "PutEvents", "EndpointId")}
# The last one is for operations that nobody signs, such as STS's AssumeRoleWithSAML.
UNKNOWN = {"InvalidAction", "UnknownOperationException", "MissingAuthenticationToken"}


def file_of(service):
    """The name of its file, which Python can import."""
    return {"lambda": "lambda_"}.get(service, service.replace("-", "_"))


class Lab:
    """A served lab, and boto3's clients for it."""

    def __init__(self):
        self.server, printed = serve_lab("--speed", "60", "--seed", "7")
        self.url = printed["AWS_ENDPOINT_URL"]
        self.region = printed["AWS_REGION"]
        self.access_key = printed["AWS_ACCESS_KEY_ID"]
        self.secret_key = printed["AWS_SECRET_ACCESS_KEY"]
        self.clients = {}
        self.account = self.client("sts").get_caller_identity()["Account"]

    def client(self, service, protocol=None, **options):
        key = (service, protocol, *options.items())
        if key not in self.clients:
            session = boto3.session.Session(
                aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key, region_name=self.region
            )
            if protocol:
                loader = session._session.get_component("data_loader")  # there is no public way to ask for a protocol
                metadata = loader.load_service_model(service, "service-2")["metadata"]
                metadata |= {"protocols": [protocol], "protocol": protocol}
            once = Config(
                retries={"total_max_attempts": 1}, read_timeout=60, inject_host_prefix=False, proxies={}, **options
            )
            self.clients[key] = session.client(service, endpoint_url=self.url, config=once)
        return self.clients[key]

    def wait(self, condition, seconds=60):
        return until("what the file waits for", condition, seconds)

    def end(self):
        for client in self.clients.values():
            client.close()
        self.server.kill()
        self.server.wait()


class Calls:
    """What was called, with which inputs, and everything that was wrong with the answers."""

    def __init__(self, lab, protocol=None, only=None):
        self.lab, self.protocol, self.only = lab, protocol, only
        self.answers = Counter()
        self.refusals = Counter()
        self.inputs = defaultdict(set)
        self.wrong = defaultdict(list)
        self.unmodelled = Counter()

    def _send(self, service, name, params, **options):
        """The parsed answer or the refusal, with the request and the answer as they went over the wire."""
        protocol = self.protocol if service == self.only else None
        client = self.lab.client(service, protocol, **options)
        operation = client.meta.service_model.operation_model(name)
        seen = {}

        def sent(params, **_):
            seen["request"] = params

        def came(response_dict, **_):
            seen["answer"] = dict(response_dict)

        event = f"{client.meta.service_model.service_id.hyphenize()}.{name}"
        client.meta.events.register(f"before-call.{event}", sent, unique_id="sent")
        client.meta.events.register(f"before-parse.{event}", came, unique_id="came")
        method = next(method for method, api in client.meta.method_to_api_mapping.items() if api == name)
        try:
            parsed, refusal = getattr(client, method)(**params), None
        except ClientError as error:
            parsed, refusal = error.response, error
        finally:
            client.meta.events.unregister(f"before-call.{event}", unique_id="sent")
            client.meta.events.unregister(f"before-parse.{event}", unique_id="came")
        key = (service, name)
        self.inputs[key] |= model.inputs(operation, seen["request"], params)
        raw = (
            operation,
            operation.service_model.resolved_protocol,
            seen["answer"]["status_code"],
            seen["answer"]["headers"],
            seen["answer"]["body"],
        )
        return parsed, refusal, raw

    def call(self, service, name, /, **params):
        """Calls an operation that must be carried out; its answer as botocore parses it."""
        parsed, refusal, raw = self._send(service, name, params)
        operation = raw[0]
        if refusal is not None:
            self.wrong[service, name].append(f"refused: {refusal} {params}")
            raise refusal
        self.answers[service, name] += 1
        self.wrong[service, name] += model.answer(*raw)
        if operation.output_shape:
            self.wrong[service, name] += model.parsed(operation.output_shape, parsed, name)
        for member, shape in (operation.output_shape.members if operation.output_shape else {}).items():
            if shape.serialization.get("eventstream") or getattr(shape, "is_eventstream", False):
                parsed[member] = Events(parsed[member], shape, self.wrong[service, name])
        return parsed

    def refuse(self, service, name, code, status, /, **params):
        """Calls an operation that must be refused in that way; gives the refusal's words."""
        # What botocore would refuse itself is sent all the same: the lab has clients that do not look.
        parsed, refusal, raw = self._send(service, name, params, parameter_validation=False)
        key = (service, name)
        self.refusals[key] += 1
        if refusal is None:
            self.wrong[key].append(f"carried out, and not refused with {code}: {params}")
            return ""
        found = (parsed["Error"]["Code"], parsed["ResponseMetadata"]["HTTPStatusCode"])
        if found != (code, status):
            self.wrong[key].append(f"{found} {parsed['Error'].get('Message')}, wanted {(code, status)}: {params}")
        complaints, modelled = model.error(*raw, code)
        self.wrong[key] += complaints
        if not modelled:
            self.unmodelled[service, name, code] += 1
            if code not in model.COMMON_ERRORS:
                self.wrong[key].append(f"the model has no {code} for it")
        return parsed["Error"].get("Message", "")


class Events:
    """An event stream that is judged as it is read."""

    def __init__(self, stream, shape, wrong):
        self.stream, self.shape, self.wrong = stream, shape, wrong

    def __iter__(self):
        for message in self.stream._event_generator:  # as it came; the stream itself gives only what it understood
            name = message.headers.get(":event-type") or message.headers.get(":exception-type")
            member = self.shape.members.get(name)
            if member is None:
                self.wrong.append(f"the model knows no event {name}: {message.headers}")
            else:
                self.wrong += model.value(member, json.loads(message.payload), name)
            if event := self.stream._parse_event(message):
                yield event

    def close(self):
        self.stream.close()


def drive(path, protocol=None):
    """Runs a file in a lab of its own; what it called, and the trace of what it died of."""
    lab = Lab()
    calls = Calls(lab, protocol, path.stem.replace("_", "-"))
    try:
        spec = importlib.util.spec_from_file_location(f"contract_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.drive(calls.call, calls.refuse, lab)
        died = None if lab.server.poll() is None else "the lab ended"
    except Exception:  # whatever it is, it is the file's failure and not the others'
        died = traceback.format_exc()
    lab.end()
    return calls, died


def the_files(wanted):
    """Drives every file, some at a time; all that was called, put together."""
    work = [
        (path, protocol)
        for path in sorted(FILES.glob("*.py"))
        if not wanted or path.stem in wanted
        for protocol in PROTOCOLS.get(path.stem, (None,))
    ]
    everything = Calls(None)
    with ThreadPoolExecutor(4) as pool:
        for (path, protocol), (calls, died) in zip(work, pool.map(lambda each: drive(*each), work)):
            over = f" over {protocol}" if protocol else ""
            check(f"{path.name}{over} runs to its end", died is None, died)
            everything.answers += calls.answers
            everything.refusals += calls.refusals
            everything.unmodelled += calls.unmodelled
            for key, names in calls.inputs.items():
                everything.inputs[key] |= names
            for key in calls.answers.keys() | calls.refusals.keys() | calls.wrong.keys():
                wrong = list(dict.fromkeys(calls.wrong[key]))
                made = f"{calls.answers[key]} answers and {calls.refusals[key]} refusals"
                what = f"{path.name}{over}: {made} of {key[0]} {key[1]} are as AWS's model has them"
                check(what, not wrong, "\n     ".join(wrong))
    return everything


def the_coverage(table, calls, wanted):
    """Each operation of the table was carried out, and each input that it takes was used."""
    operations = done = inputs = used = 0
    for service in table:
        name = CLIENTS.get(service["service"], service["service"])
        if wanted and file_of(name) not in wanted:
            continue
        for operation in service["operations"]:
            key = (name, operation["name"])
            missing = [each for each in operation["takes"] if each not in calls.inputs[key]]
            operations, done = operations + 1, done + bool(calls.answers[key])
            inputs, used = inputs + len(operation["takes"]), used + len(operation["takes"]) - len(missing)
            if not calls.answers[key] or missing:
                seen = f"{calls.answers[key]} answers; inputs never used: {missing}"
                check(f"{name} {operation['name']} is carried out, with each input that it takes", False, seen)
    said = f"{done} of {operations} operations, {used} of {inputs} inputs"
    check(f"{said}: all that the table has", (done, used) == (operations, inputs), said)
    return said


def the_opposite(lab, table, wanted):
    """What the table does not have is refused: inputs by their name, operations as unknown ones."""
    for service in table:
        name = CLIENTS.get(service["service"], service["service"])
        if wanted and file_of(name) not in wanted:
            continue
        client = lab.client(name, parameter_validation=False)
        operations = {operation["name"]: set(operation["takes"]) for operation in service["operations"]}
        known = set(client.meta.service_model.operation_names)
        same(f"{name}: AWS has every operation of the table", sorted(operations.keys() - known), [])
        asked = 0
        for operation in operations.keys() & known:
            refused, passed_over = strangers(client, name, operation, operations[operation])
            asked += refused
            if passed_over:
                check(f"{name} {operation} refuses what it does not take", False, "\n     ".join(passed_over))
        check(f"{name}: {asked} inputs that AWS knows and the lab does not take are refused by name", True)
        the_unknown(client, name, known - operations.keys(), service["refused"])


def strangers(client, service, name, takes):
    """Asks once with each input that the table lacks: how many were refused, and what came of the others."""
    operation = client.meta.service_model.operation_model(name)
    shape = operation.input_shape
    required = model.example(shape) if shape else {}
    takes, refused, passed_over = takes | names_on_the_wire(client, operation, required), 0, []
    for member in shape.members if shape else ():
        params = required | {member: model.example(shape.members[member], 1)}
        wire = names_on_the_wire(client, operation, params) - takes
        if not wire or (service, name, member) in UNSENDABLE:
            continue
        said = answer_to(client, name, params)
        if said is None or not 400 <= said[0] < 500 or not any(each.lower() in said[2].lower() for each in wire):
            passed_over.append(f"{member}: {said}")
        else:
            refused += 1
    return refused, passed_over


def names_on_the_wire(client, operation, params):
    request = client._serializer.serialize_to_request(params, operation)  # what the client would send
    return model.inputs(operation, request, params)


def the_unknown(client, service, names, refused):
    """Every operation of AWS's that the table lacks; first those that it says why it lacks."""
    why = {each["name"] if isinstance(each, dict) else each[0] for each in refused}
    same(f"{service}: what the table refuses is AWS's, and not carried out", sorted(why - names), [])
    carried_out = []
    for name in sorted(names):
        operation = client.meta.service_model.operation_model(name)
        params = model.example(operation.input_shape) if operation.input_shape else {}
        said = answer_to(client, name, params)
        if said is None or not 400 <= said[0] < 500 or said[1] not in UNKNOWN:
            carried_out.append(f"{name}: {said}")
    what = f"{service}: {len(names)} operations that AWS has and the lab has not are refused as unknown ones"
    check(what, not carried_out, "\n     ".join(carried_out[:20]))


def answer_to(client, name, params):
    """(status, code, words) of the refusal; None if it was carried out."""
    method = next(method for method, api in client.meta.method_to_api_mapping.items() if api == name)
    try:
        getattr(client, method)(**params)
    except ClientError as error:
        said = error.response["Error"]
        return error.response["ResponseMetadata"]["HTTPStatusCode"], said.get("Code"), said.get("Message", "")
    except Exception as error:  # botocore could not send it, or not read what came
        return 0, type(error).__name__, str(error)
    return None


def the_judge_itself(lab):
    """Answers that AWS would not give are seen as such: else nothing that follows would prove anything."""
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": "1"}
    ec2 = lab.client("ec2").meta.service_model.operation_model("DescribeInstances")
    instance = "<reservationSet><item><instancesSet><item>%s</item></instancesSet></item></reservationSet>"
    fis = lab.client("fis").meta.service_model.operation_model("GetExperiment")
    json_headers = headers | {"Content-Type": "application/json"}
    for what, wrong in {
        "a right one": None,
        "an unknown member": "<colour>red</colour>",
        "a value outside the enum": "<instanceLifecycle>spotty</instanceLifecycle>",
        "a time without a zone": "<launchTime>2026-01-01T00:00:00</launchTime>",
        "a number that is none": "<amiLaunchIndex>first</amiLaunchIndex>",
        "a boolean in Python": "<ebsOptimized>True</ebsOptimized>",
        "a list with another wrapper": "<tagSet><member><key>a</key></member></tagSet>",
        "a member twice": "<imageId>ami-1</imageId><imageId>ami-2</imageId>",
    }.items():
        root = '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>'
        body = f"{root}{instance % (wrong or '<imageId>ami-1</imageId>')}</DescribeInstancesResponse>".encode()
        found = list(model.answer(ec2, "ec2", 200, headers, body))
        check(f"the judge, XML: {what}", bool(found) == bool(wrong), found)
    for what, wrong in {
        "a right one": None,
        "an unknown member": {"colour": "red"},
        "a value outside the enum": {"state": {"status": "flying"}},
        "milliseconds for seconds": {"startTime": 1767225600000},
        "ISO 8601 for a number": {"startTime": "2026-01-01T00:00:00Z"},
        "null": {"endTime": None},
        "a list for a map": {"tags": []},
    }.items():
        body = json.dumps({"experiment": {"id": "EXP1", "startTime": 1767225600.5} | (wrong or {})}).encode()
        found = list(model.answer(fis, "rest-json", 200, json_headers, body))
        check(f"the judge, JSON: {what}", bool(found) == bool(wrong), found)
    found = list(model.answer(fis, "rest-json", 202, json_headers, b'{"experiment": {}}'))
    check("the judge: another status than the model's", found, found)


def script():
    wanted = set(sys.argv[1:])  # as the files are called
    table = json.loads(run("lab", "promises", "--format", "json").stdout)
    calls = the_files(wanted)
    said = the_coverage(table, calls, wanted)
    lab = Lab()
    the_judge_itself(lab)
    the_opposite(lab, table, wanted)
    same("the lab still runs", lab.server.poll(), None)
    lab.end()
    print("common errors that the model does not list for the operation:")
    for (service, name, code), times in sorted(calls.unmodelled.items()):
        print(f"     {service} {name}: {code}, {times} times")
    answers, refusals = sum(calls.answers.values()), sum(calls.refusals.values())
    print(f"{said}, {answers + refusals} variants ({answers} answers, {refusals} refusals)")


if __name__ == "__main__":
    checks.main(script)
