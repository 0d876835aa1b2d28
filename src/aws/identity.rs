//! Whose account it is. Knows STS.

use aws_credential_types::provider::ProvideCredentials;
use jiff::Timestamp;

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
        let account = SafeText::new(answer.account().unwrap_or_default());
        let _ = self.account.set(account.clone()); // it is known already, and stays the same for these credentials
        Ok(Identity { account, arn: SafeText::new(answer.arn().unwrap_or_default()) })
    }

    /// The account's alias, if it has one and we may ask.
    pub async fn account_alias(&self) -> Result<Option<SafeText>, Error> {
        let answer = self.iam.list_account_aliases().send().await;
        let answer = answer.map_err(|error| Error::of("read the account's alias", &error))?;
        Ok(answer.account_aliases().first().map(SafeText::new))
    }

    /// When the credentials expire; none where they do not.
    pub async fn credentials_expire(&self) -> Result<Option<Timestamp>, Error> {
        let Some(provider) = &self.credentials else { return Ok(None) };
        let credentials = provider.provide_credentials().await.map_err(|error| Error::of_credentials(&error))?;
        Ok(credentials.expiry().and_then(|expiry| Timestamp::try_from(expiry).ok()))
    }

    /// The account, asked for only if nothing has told it yet.
    pub(super) async fn account(&self) -> Result<SafeText, Error> {
        match self.account.get() {
            Some(account) => Ok(account.clone()),
            None => Ok(self.identity().await?.account),
        }
    }
}
