//! STS, as far as it says who is calling. Knows nothing of what the caller may do.

use super::{
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Element, Form, text},
    },
    world::World,
};

pub(super) const SERVICE: Service = Service {
    signing_name: "sts",
    title: "STS",
    global: false,
    refused: &[],
    protocols: &[Protocol::Query(
        Dialect::Aws { namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
        &[QueryOperation {
            name: "GetCallerIdentity",
            promise: Promise::Faithful,
            takes: &[],
            run: get_caller_identity,
        }],
    )],
};

/// Whoever has the lab's access key.
pub(super) fn caller_arn(world: &World) -> String {
    format!("arn:aws:sts::{}:assumed-role/lab-operator/spotdrill", world.scenario.account)
}

#[expect(clippy::unnecessary_wraps, reason = "every operation may refuse")]
fn get_caller_identity(world: &mut World, _: &Form) -> Result<Vec<Element>, ApiError> {
    Ok(vec![
        text("Arn", caller_arn(world)),
        text("UserId", "AROALABLABLABLABLABLA:spotdrill"),
        text("Account", &world.scenario.account),
    ])
}
