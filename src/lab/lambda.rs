//! Lambda: functions made, described, permitted and invoked. Knows not what the one function that the lab can run does.

mod create;
mod invoke;
mod permissions;
mod source;

pub(super) use invoke::answer;

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    service::{Promise, Protocol, RestRun, Route, Service},
    wire::{error::ApiError, rest_json::RestCall, token::Paging},
    world::{World, function::Function},
};

const FUNCTIONS: &str = "/2015-03-31/functions";
const ONE: &str = "the version $LATEST only, and no CodeSha256";
const OURS: &str = "runs send-slack-spot-event only, known by the line `# send-slack-spot-event` in its one Python file, \
                    and as a model of it, which reads its secret for each event; states are Active at once; no \
                    CodeSha256";
const PERMISSION: &str = "statements with Principal, SourceArn and SourceAccount";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route { name: "AddPermission", method: "POST", path: "/2015-03-31/functions/{}/policy", promise: Promise::Simplified(PERMISSION), takes: &["StatementId", "Action", "Principal", "SourceArn", "SourceAccount"], run: RestRun::As(StatusCode::CREATED, permissions::add) },
    Route { name: "CreateFunction", method: "POST", path: FUNCTIONS, promise: Promise::Simplified(OURS), takes: &["FunctionName", "Runtime", "Role", "Handler", "Code", "Description", "Timeout", "MemorySize", "PackageType", "Environment", "Tags", "LoggingConfig"], run: RestRun::As(StatusCode::CREATED, create::create) },
    Route { name: "DeleteFunction", method: "DELETE", path: "/2015-03-31/functions/{}", promise: Promise::Simplified(ONE), takes: &[], run: RestRun::As(StatusCode::NO_CONTENT, delete) },
    Route { name: "GetFunction", method: "GET", path: "/2015-03-31/functions/{}", promise: Promise::Simplified("the version $LATEST only, and no Location of the code"), takes: &["Qualifier"], run: RestRun::Answer(get) },
    Route { name: "GetFunctionConfiguration", method: "GET", path: "/2015-03-31/functions/{}/configuration", promise: Promise::Simplified(ONE), takes: &["Qualifier"], run: RestRun::Answer(get_configuration) },
    Route { name: "GetPolicy", method: "GET", path: "/2015-03-31/functions/{}/policy", promise: Promise::Simplified("no RevisionId"), takes: &[], run: RestRun::Answer(permissions::get) },
    Route { name: "Invoke", method: "POST", path: "/2015-03-31/functions/{}/invocations", promise: Promise::Simplified("what fails is not invoked again; no X-Amz-Client-Context"), takes: &["Qualifier", "InvocationType", "X-Amz-Invocation-Type", "LogType", "X-Amz-Log-Type", "Payload"], run: RestRun::Payload(invoke::invoke) },
    Route { name: "ListFunctions", method: "GET", path: FUNCTIONS, promise: Promise::Simplified(ONE), takes: &["Marker", "MaxItems"], run: RestRun::Answer(list) },
    Route { name: "RemovePermission", method: "DELETE", path: "/2015-03-31/functions/{}/policy/{}", promise: Promise::Simplified(PERMISSION), takes: &[], run: RestRun::As(StatusCode::NO_CONTENT, permissions::remove) },
    Route { name: "UpdateFunctionConfiguration", method: "PUT", path: "/2015-03-31/functions/{}/configuration", promise: Promise::Simplified(ONE), takes: &["Role", "Handler", "Description", "Timeout", "MemorySize", "Environment", "Runtime", "LoggingConfig"], run: RestRun::Answer(create::update) },
];

pub(super) const SERVICE: Service = Service {
    signing_name: "lambda",
    title: "Lambda",
    global: false,
    refused: &[
        ("UpdateFunctionCode", "the lab runs one function; make it anew"),
        ("PublishVersion", "there is only $LATEST"),
    ],
    protocols: &[Protocol::RestJson(ROUTES)],
};

/// The function that a path names, by name or ARN, with `$LATEST` or nothing after it.
fn find<'w>(world: &'w mut World, call: &RestCall) -> Result<&'w mut Function, ApiError> {
    let named = call.label();
    let bare = named.rsplit_once("function:").map_or(named, |(_, rest)| rest);
    let (name, version) = bare.split_once(':').unwrap_or((bare, "$LATEST"));
    let arn = world.function_arn(bare);
    let is_latest = version == "$LATEST" && call.query("Qualifier").is_none_or(|qualifier| qualifier == "$LATEST");
    let found = world.functions.get_mut(name).filter(|_| is_latest);
    found.ok_or_else(|| ApiError::not_found("ResourceNotFoundException", format!("Function not found: {arn}")))
}

fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let function = find(world, call)?.clone();
    let configuration = configuration(world, &function);
    Ok(json!({ "Configuration": configuration, "Code": { "RepositoryType": "S3" }, "Tags": function.tags }))
}

fn get_configuration(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let function = find(world, call)?.clone();
    Ok(configuration(world, &function))
}

/// A page has 50 functions at most, even if more are asked for.
const PAGES: Paging = Paging {
    names: ("MaxItems", "Marker"),
    sizes: (50, 50),
    wrong_size: "InvalidParameterValueException",
    wrong_token: ("InvalidParameterValueException", "Invalid pagination token."),
};

fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let size = call.query("MaxItems").map(|text| text.parse::<usize>().unwrap_or(0).min(50));
    let functions = world.functions.values().map(|function| configuration(world, function));
    let page = PAGES.page("ListFunctions", (size, call.query("Marker")), (1..).zip(functions))?;
    Ok(json!({ "Functions": page.items, "NextMarker": page.next }))
}

fn delete(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let name = find(world, call)?.name.clone();
    world.remove_function(&name);
    Ok(Value::Null)
}

fn configuration(world: &World, function: &Function) -> Value {
    let logging = json!({
        "LogFormat": if function.json_logs { "JSON" } else { "Text" },
        "LogGroup": function.log_group,
    });
    let environment = (!function.environment.is_empty()).then(|| json!({ "Variables": function.environment }));
    json!({
        "FunctionName": function.name,
        "FunctionArn": world.function_arn(&function.name),
        "Runtime": function.runtime,
        "Role": function.role,
        "Handler": function.handler,
        "CodeSize": function.code.len(),
        "Description": function.description,
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "LastModified": function.modified.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": { "Size": 512 },
        "TracingConfig": { "Mode": "PassThrough" },
        "LoggingConfig": logging,
        "Environment": environment,
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidParameterValueException", message)
}
