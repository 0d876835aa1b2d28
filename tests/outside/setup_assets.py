"""What `setup` puts into an account, checked without one: the Lambda's own tests, the template, and the policies.

The template can be deployed by hand, so it holds the Lambda's source and the roles' statements itself; here is proved that
they are those of `assets/lambda` and `assets/iam`. cfn-lint knows of each resource type its properties, of each IAM action the
resources that it can be limited to, and which runtimes are deprecated.

UPDATE=1 writes the Lambda's source into the template.
"""

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from botocore.config import Config
from cfnlint.decode import cfn_yaml

import checks
import moto
from checks import REGION, REPOSITORY, check, same

ASSETS = REPOSITORY / "assets"
STACK = ASSETS / "stack.yaml"
SOURCE = ASSETS / "lambda" / "index.py"
IAM = ASSETS / "iam"
# Where FIS has the action. China has no FIS; the template names the partition all the same.
REGIONS = ["eu-west-1", "us-east-1", "us-gov-west-1"]
TEMPLATE_BYTES = 51_200  # CloudFormation's limit for a template that is sent with the request
POLICY_CHARACTERS = 6_144  # IAM's limit for a managed policy, white space not counted
PLACEHOLDERS = {
    "<partition>": "${AWS::Partition}",
    "<region>": "${AWS::Region}",
    "<account>": "${AWS::AccountId}",
    "<stack>": "${AWS::StackName}",
    "<prefix>": "${Prefix}",
    "<fis-role>": "${FisRoleName}",
    "<function>": "${FunctionName}",
    "<rule>": "${RuleName}",
    "<secret>": "${SlackSecretName}",
}


def policy(name):
    return json.loads((IAM / f"{name}.json").read_text())


def the_function():
    ran = subprocess.run(
        [sys.executable, "-B", "-m", "unittest", "discover", str(SOURCE.parent)],
        env=checks.CLEAN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        text=True,
        check=False,
    )
    count = re.search(r"Ran (\d+) tests", ran.stderr)
    ran_all = ran.returncode == 0 and count and int(count[1]) > 0
    check("the Lambda passes its own tests", ran_all, ran.stderr)


def lint(what, *arguments, text=None):
    program = str(Path(sys.executable).with_name("cfn-lint"))
    ran = subprocess.run(
        [program, *arguments],
        env=checks.CLEAN,
        input=text,
        capture_output=True,
        timeout=120,
        text=True,
        check=False,
    )
    check(what, ran.returncode == 0 and not ran.stdout.strip(), ran.stdout + ran.stderr)


def block(text):
    """The Lambda's source as the template has it, with the place where it stands."""
    found = re.search(r"^( +)ZipFile: \|\n((?:\1  .*\n|\n)+)", text, re.MULTILINE)
    indent = found[1] + "  "
    lines = found[2].rstrip("\n").split("\n")
    return "".join(line.removeprefix(indent) + "\n" for line in lines), found.span(2), indent


def inline():
    """Writes the source into the template."""
    text = STACK.read_text()
    _, (begin, end), indent = block(text)
    lines = SOURCE.read_text().splitlines()
    source = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
    STACK.write_text(text[:begin] + source + "\n" + text[end:])


def plain(value, secret=True):
    """A value of the template as the files in `assets/iam` write it: pseudo parameters and parameters are placeholders."""
    if isinstance(value, list):
        return [item for item in (plain(item, secret) for item in value) if item is not None]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value:
        text = str(value["Fn::Sub"])
        for placeholder, name in PLACEHOLDERS.items():
            text = text.replace(name, placeholder)
        return text
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return plain(yes if secret and condition == "HasSlack" else no, secret)
    if "Ref" in value:
        return None if value["Ref"] == "AWS::NoValue" else plain({"Fn::Sub": f"${{{value['Ref']}}}"})
    members = {str(key): plain(member, secret) for key, member in value.items()}
    return {key: member for key, member in members.items() if member is not None}


def the_template():
    text = STACK.read_text()
    same("the template holds the Lambda's source as it is", block(text)[0], SOURCE.read_text())
    size = len(text.encode())
    check("the template is short enough to be sent with a request", size < TEMPLATE_BYTES, f"{size} bytes")
    lint("cfn-lint has nothing to say of the template", "--include-checks", "I", "--regions", *REGIONS, "--", str(STACK))

    resources = cfn_yaml.load(str(STACK))["Resources"]
    for name, resource in resources.items():
        properties = resource["Properties"]
        if "Tags" in properties:
            tags = properties["Tags"]
            keys = list(tags) if isinstance(tags, dict) else [tag["Key"] for tag in tags]
            check(f"{name} bears the tag spotdrill", "spotdrill" in keys, keys)
        else:
            takes_none = resource["Type"] in ("AWS::Logs::ResourcePolicy", "AWS::Lambda::Permission")
            check(f"{name} bears no tag because its type takes none", takes_none, resource["Type"])
    for role, name in (("FisRole", "fis-role"), ("FunctionRole", "lambda-role")):
        properties = resources[role]["Properties"]
        policies = properties["Policies"]
        same(f"{role} has one policy", len(policies), 1)
        same(f"{role} may do what {name}.json says", plain(policies[0]["PolicyDocument"]), policy(name))
        trust = plain(properties["AssumeRolePolicyDocument"])
        same(f"{role} trusts whom {name}-trust.json says", trust, policy(f"{name}-trust"))
        check(f"{role} has no policy of others", "ManagedPolicyArns" not in properties, list(properties))
    without = plain(resources["FunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"], secret=False)
    sids = [statement["Sid"] for statement in without["Statement"]]
    same("without a secret the Lambda may read none", sids, ["WriteItsLog", "NameTheNodeGroup"])


def deploy(cloudformation, parameters):
    """The stack on moto's CloudFormation, which has no experiment templates: the types of its resources, and its outputs."""
    cloudformation.create_stack(
        StackName="spotdrill",
        TemplateBody=STACK.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    stack = cloudformation.describe_stacks(StackName="spotdrill")["Stacks"][0]
    resources = cloudformation.describe_stack_resources(StackName="spotdrill")["StackResources"]
    # moto lists a resource whose condition is false too, without its type
    made = sorted(resource["ResourceType"] for resource in resources if "ResourceType" in resource)
    return made, {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def on_moto():
    url = moto.start_moto()
    cloudformation, events, functions, iam, logs = (
        moto.client(service, url) for service in ("cloudformation", "events", "lambda", "iam", "logs")
    )
    made, outputs = deploy(cloudformation, {"SlackSecretName": "spotdrill/slack-webhook"})
    kinds = ["Lambda::Permission", "Logs::ResourcePolicy", "Lambda::Function"]
    kinds += ["Events::Rule", "IAM::Role", "Logs::LogGroup"] * 2
    same("moto makes every resource of the stack", made, sorted(f"AWS::{kind}" for kind in kinds))
    same("the stack says what it made", outputs, {
        "FunctionName": "send-slack-spot-event",
        "FunctionLogGroup": "/aws/lambda/send-slack-spot-event",
        "FunctionRoleArn": f"arn:aws:iam::123456789012:role/send-slack-spot-event-{REGION}",
        "SlackRule": "spot-event",
        "SlackSecretName": "spotdrill/slack-webhook",
        "EventLogRule": "spotdrill-events",
        "EventLogGroup": "/aws/events/spotdrill",
        "FisRoleArn": "arn:aws:iam::123456789012:role/spot-fis-test",
    })
    function = functions.get_function_configuration(FunctionName="send-slack-spot-event")
    settings = {"SLACK_SECRET": "spotdrill/slack-webhook", "USERNAME": "spot-event", "ICON_URL": "", "COLOR": "#36C5F0"}
    same("the Lambda has its settings", function["Environment"]["Variables"], settings)
    policy = logs.describe_resource_policies()["resourcePolicies"][0]["policyDocument"]
    may_write = json.loads(policy)["Statement"][1]
    rule = events.describe_rule(Name="spotdrill-events")["Arn"]
    same("only the rule of the stack may write events", may_write["Condition"], {"ArnEquals": {"aws:SourceArn": rule}})
    cloudformation.delete_stack(StackName="spotdrill")
    left = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    left += [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    left += [rule["Name"] for rule in events.list_rules()["Rules"]]
    left += [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    same("nothing is left of a stack that is deleted", left, [])
    made, outputs = deploy(cloudformation, {"LogGroups": "existing"})
    check("log groups that exist are not made", "AWS::Logs::LogGroup" not in made, made)
    check("without a secret none is named", "SlackSecretName" not in outputs, outputs)


def the_slack():
    """A server on loopback that takes what is posted: its URL and the posts."""
    posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/services/hook", posts


def on_the_lab():
    """The stack by a change set, a drill of its own experiment template that tells Slack by its own Lambda, and its end."""
    _, printed = checks.serve_lab("--seed", "7", "--speed", "120")
    session = boto3.session.Session(
        printed["AWS_ACCESS_KEY_ID"], printed["AWS_SECRET_ACCESS_KEY"], region_name=printed["AWS_REGION"]
    )

    def client(service):
        once = Config(inject_host_prefix=False, proxies={})
        return session.client(service, endpoint_url=printed["AWS_ENDPOINT_URL"], config=once)

    names = ("cloudformation", "events", "fis", "lambda", "logs", "iam", "secretsmanager")
    stacks, events, fis, functions, groups, iam, secrets = (client(name) for name in names)

    def there():
        found = {function["FunctionName"] for function in functions.list_functions()["Functions"]}
        found |= {role["RoleName"] for role in iam.list_roles()["Roles"]}
        found |= {rule["Name"] for rule in events.list_rules()["Rules"]}
        found |= {group["logGroupName"] for group in groups.describe_log_groups()["logGroups"]}
        found |= {policy["policyName"] for policy in groups.describe_resource_policies()["resourcePolicies"]}
        return found | {template["id"] for template in fis.list_experiment_templates()["experimentTemplates"]}

    before, (url, posts) = there(), the_slack()
    secrets.create_secret(Name="own/webhook", SecretString=url)
    # the lab's region has the usual names already
    own = {"FunctionName": "own-function", "RuleName": "own-rule", "FisRoleName": "own-fis", "Prefix": "own"}
    own |= {"SlackSecretName": "own/webhook", "Nodegroup": "web-spot", "InterruptOnly": "nodegroup"}
    change = {"StackName": "own", "ChangeSetName": "first"}
    stacks.create_change_set(
        **change,
        ChangeSetType="CREATE",
        TemplateBody=STACK.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in own.items()],
    )
    seen = lambda: stacks.describe_change_set(**change)
    checks.until("the change set is made", lambda: seen()["Status"] == "CREATE_COMPLETE")
    kinds = sorted({each["ResourceChange"]["Action"] for each in seen()["Changes"]})
    same("the change set adds and does nothing else", kinds, ["Add"])
    same("a change set makes nothing yet", there(), before)
    stacks.execute_change_set(**change)
    stacks.get_waiter("stack_create_complete").wait(StackName="own", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    stack = stacks.describe_stacks(StackName="own")["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    same("the lab makes the stack", stack["StackStatus"], "CREATE_COMPLETE")
    made = {"own-function", "own-function-eu-west-1", "own-rule", "own-events", "own-fis", "/aws/events/own"}
    made |= {"/aws/lambda/own-function", outputs["ExperimentTemplateId"]}
    same("with everything that it says", there() - before, made)

    started = fis.start_experiment(experimentTemplateId=outputs["ExperimentTemplateId"])["experiment"]
    checks.until("Slack is told", lambda: posts)
    said = posts[0]["attachments"][0]
    of_group = {"title": "node group", "value": "web-spot", "short": True}
    check("the stack's Lambda tells Slack of the drill", "action: *terminate*" in said["text"], said)
    check("and of which node group", of_group in said["fields"], said)

    def logged(group):
        return [event["message"] for event in groups.filter_log_events(logGroupName=group)["events"]]

    function = outputs["FunctionLogGroup"]
    line = checks.until("its line", lambda: next((it for it in logged(function) if it.startswith("{")), None))
    same("its line says how it went", json.loads(line)["message"], "posted to Slack, status 200")
    check("AWS's own events are in the stack's log", any(" Warning" in it for it in logged("/aws/events/own")))
    over = lambda: fis.get_experiment(id=started["id"])["experiment"]["state"]["status"] == "completed"
    checks.until("the experiment is over", over)
    same("the drill told Slack once", len(posts), 1)

    stacks.delete_stack(StackName="own")
    stacks.get_waiter("stack_delete_complete").wait(StackName="own", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    left = there() - before - {"AWSServiceRoleForFIS"}  # the account's first experiment makes that one
    same("nothing is left of the stack in the lab", left, set())


def the_policies():
    readme = (IAM / "README.md").read_text()
    for path in sorted(IAM.glob("*.json")):
        name, text = path.stem, path.read_text()
        document = json.loads(text)
        same(f"{name}: the file is written as JSON is printed", text, json.dumps(document, indent=2) + "\n")
        sids = [statement["Sid"] for statement in document["Statement"]]
        same(f"{name}: no Sid is there twice", len(sids), len(set(sids)))
        section = next((part for part in readme.split("\n## ") if f"{name}.json" in part.splitlines()[0]), "")
        reasons = re.findall(r"^\| `(\w+)` \| ", section, re.MULTILINE)
        missing = [sid for sid in sids if sid not in reasons]
        check(f"{name}: each statement has its reason in the README", section and not missing, missing)
        unknown = sorted(set(re.findall(r"<[^<>]*>", text)) - set(PLACEHOLDERS))
        same(f"{name}: placeholders are known", unknown, [])
        wide = [s["Sid"] for s in document["Statement"] for action in listed(s["Action"]) if "*" in action]
        same(f"{name}: no action by wildcard", wide, [])
        size = len(re.sub(r"\s", "", text))
        check(f"{name}: fits into a managed policy, with room for real names", size < POLICY_CHARACTERS - 600, size)
        if not name.endswith("-trust"):
            what = f"{name}: each action exists and can be limited to its resources"
            lint(what, "--include-checks", "I", "--regions", REGIONS[0], text=as_template(document))
    sids = {statement["Sid"] for path in IAM.glob("*.json") for statement in json.loads(path.read_text())["Statement"]}
    reasons = set(re.findall(r"^\| `([A-Z]\w+)` \| ", readme, re.MULTILINE))
    same("the README gives no reason for a statement that is not there", sorted(reasons - sids), [])
    undocumented = [name for name in PLACEHOLDERS if f"`{name}`" not in readme]
    same("each placeholder is explained in the README", undocumented, [])


def listed(value):
    return value if isinstance(value, list) else [value]


def as_template(document):
    """A template that holds the policy, for cfn-lint: it knows IAM's actions and the resources that they take."""
    text = json.dumps(document)
    names = {"<partition>": "aws", "<region>": REGIONS[0], "<account>": "123456789012"}
    for placeholder in PLACEHOLDERS:
        text = text.replace(placeholder, names.get(placeholder, "spotdrill"))
    resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": json.loads(text)}}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Policy": resource}})


def script():
    if os.environ.get("UPDATE"):
        inline()
    the_function()
    the_template()
    the_policies()
    on_moto()
    on_the_lab()


if __name__ == "__main__":
    checks.main(script)
