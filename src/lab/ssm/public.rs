//! The public parameters that name images. Knows no parameter of the account's own.

use serde_json::{Value, json};

use crate::lab::{wildcard::like, world::World};

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

/// The image that a public parameter names; none if there is no such parameter.
pub(in crate::lab) fn public_image(world: &World, name: &str) -> Option<String> {
    KNOWN.iter().any(|known| like(known, name)).then(|| image(&format!("{} {name}", world.scenario.region)))
}

pub(super) fn parameter(world: &World, name: &str) -> Option<Value> {
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
