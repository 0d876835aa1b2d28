//! The preview of a template that is there already, as screen and command line show it. Knows in which order the world is
//! asked, and nothing of how it is shown.

use super::{around::look_around, start::Ways};
use crate::{
    aws::{Aws, Error},
    drill::{existing::Existing, fleet::Fleet, guard::circumstances::Circumstances, id::InstanceId},
};

/// What FIS resolved, and the fleet that it is looked up in.
#[derive(Debug)]
pub struct Previewed {
    pub instances: Vec<InstanceId>,
    pub fleet: Fleet,
    pub circumstances: Circumstances,
}

/// Has FIS resolve the template's targets, then lists the region: what FIS came to may be newer than any list before.
pub async fn preview(aws: &Aws, ways: &Ways, existing: &Existing) -> Result<Previewed, Error> {
    let instances = aws.preview(existing).await?;
    let (fleet, circumstances) = tokio::join!(aws.fleet(|_| ()), look_around(aws, ways, Some(existing)));
    Ok(Previewed { instances, fleet: fleet?, circumstances })
}
