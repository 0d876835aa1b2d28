//! Systems Manager parameters, as far as they name public images.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, Service},
    wildcard::like,
    wire::{
        error::ApiError,
        json_rpc::{self, JsonVersion},
    },
    world::World,
};

const PUBLIC: Promise = Promise::Simplified("the public parameters of Amazon Linux, EKS and Bottlerocket images");

pub(super) const SERVICE: Service = Service {
    signing_name: "ssm",
    title: "Systems Manager",
    global: false,
    refused: &[
        ("PutParameter", "the lab has AWS's public parameters alone"),
        ("SendCommand", "nothing runs on instances"),
    ],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "AmazonSSM", OPERATIONS)],
};

#[rustfmt::skip]
const OPERATIONS: &[JsonOperation] = &[
    JsonOperation { name: "GetParameter", promise: PUBLIC, takes: &["Name", "WithDecryption"], run: JsonRun::Answer(get) },
    JsonOperation { name: "GetParameters", promise: PUBLIC, takes: &["Names", "WithDecryption"], run: JsonRun::Answer(get_all) },
];

const KNOWN: &[&str] = &[
    "/aws/service/ami-amazon-linux-latest/al2023-ami-*kernel-*-x86_64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-*kernel-*-arm64",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-*hvm-x86_64-*",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-*hvm-arm64-*",
    "/aws/service/bottlerocket/aws-*/x86_64/*/image_id",
    "/aws/service/bottlerocket/aws-*/arm64/*/image_id",
    "/aws/service/eks/optimized-ami/1.*/amazon-linux-2*/recommended/image_id",
];

/// 2026-01-01T00:00:00Z.
const MODIFIED: i64 = 1_767_225_600;

/// Nothing of it is encrypted, so that there is nothing to decrypt.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Input {
    name: String,
    names: Vec<String>,
}

fn get(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let found = parameter(world, &input.name).ok_or_else(|| missing(&input.name))?;
    Ok(json!({ "Parameter": found }))
}

fn missing(name: &str) -> ApiError {
    ApiError::bad("ParameterNotFound", format!("Parameter {name} not found."))
}

fn get_all(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let Input { names, .. } = json_rpc::input(body)?;
    if !(1..=10).contains(&names.len()) {
        return Err(ApiError::bad(
            "ValidationException",
            "1 validation error detected: names must have length from 1 to 10",
        ));
    }
    let found: Vec<_> = names.iter().filter_map(|name| parameter(world, name)).collect();
    let invalid: Vec<_> = names.iter().filter(|name| parameter(world, name).is_none()).collect();
    Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
}

/// The image that a public parameter names; none if there is no such parameter.
pub(super) fn public_image(world: &World, name: &str) -> Option<String> {
    KNOWN.iter().any(|known| like(known, name)).then(|| image(&format!("{} {name}", world.scenario.region)))
}

fn parameter(world: &World, name: &str) -> Option<Value> {
    public_image(world, name).map(|image| {
        json!({
            "Name": name,
            "Type": "String",
            "Value": image,
            "Version": 1,
            "LastModifiedDate": MODIFIED,
            "ARN": format!("arn:aws:ssm:{}::parameter{name}", world.scenario.region),
            "DataType": "text",
        })
    })
}

/// An image's id that follows from a name (FNV-1a), the same in every run.
fn image(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("ami-0{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_image_in_each_region() {
        assert_eq!(image("eu-west-1 a"), image("eu-west-1 a"));
        assert_ne!(image("eu-west-1 a"), image("eu-west-2 a"));
        assert_eq!(image("").len(), "ami-0123456789abcdef0".len());
    }
}
