//! Whose account it is. Knows STS.

use super::{Aws, Error};
use crate::text::SafeText;

/// `GetCallerIdentity`: the one call that needs no permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: SafeText,
    pub arn: SafeText,
}

impl Aws {
    pub async fn identity(&self) -> Result<Identity, Error> {
        const DOING: &str = "tell whose account this is";
        let answer = self.sts.get_caller_identity().send().await.map_err(|error| Error::of(DOING, &error))?;
        Ok(Identity {
            account: SafeText::new(answer.account().unwrap_or_default()),
            arn: SafeText::new(answer.arn().unwrap_or_default()),
        })
    }
}
