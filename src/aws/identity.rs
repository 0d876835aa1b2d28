//! Whose account it is. Knows STS.

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use jiff::{SignedDuration, Timestamp};

use super::{Aws, Error};
use crate::{
    drill::fleet::{LAB_ACCOUNT, World},
    text::SafeText,
};

/// `GetCallerIdentity`: the one call that needs no permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: SafeText,
    pub arn: SafeText,
}

impl Identity {
    /// A lab's account is nobody's.
    pub fn world(&self) -> World {
        if self.account.as_str() == LAB_ACCOUNT { World::Lab } else { World::Aws }
    }
}

impl Aws {
    pub async fn identity(&self) -> Result<Identity, Error> {
        let before = self.clock.now();
        let answer = match self.ask_identity().await {
            // what was signed by a clock that was off is not taken, and the refusal itself told AWS's time
            Err(error) if error.kind.wants_login() && self.was_off(before) => self.ask_identity().await?,
            answer => answer?,
        };
        let account = SafeText::new(answer.account().unwrap_or_default());
        let _ = self.account.set(account.clone()); // it is known already, and stays the same for these credentials
        Ok(Identity { account, arn: SafeText::new(answer.arn().unwrap_or_default()) })
    }

    /// The accounts that drills may run in.
    pub fn accounts(&self) -> Vec<SafeText> {
        self.accounts.list()
    }

    /// Lets drills run in the account from now on.
    pub fn allow(&self, account: SafeText) {
        self.accounts.add(account);
    }

    /// The account's alias, if it has one and we may ask.
    pub async fn account_alias(&self) -> Result<Option<SafeText>, Error> {
        let answer = self.iam.list_account_aliases().send().await;
        let answer = answer.map_err(|error| Error::of("read the account's alias", &error))?;
        Ok(answer.account_aliases().first().map(SafeText::new))
    }

    async fn ask_identity(&self) -> Result<GetCallerIdentityOutput, Error> {
        let answer = self.sts.get_caller_identity().send().await;
        let told = |error| Error::of("tell whose account this is", &error).of_profile(self.profile.as_ref());
        answer.map_err(told)
    }

    /// Whether the clock was found to be off since then. Source: AWS Signature Version 4, which allows five minutes.
    fn was_off(&self, since: Timestamp) -> bool {
        self.clock.now().duration_since(since).abs() > SignedDuration::from_mins(4)
    }

    /// When the credentials expire; none where they do not.
    pub async fn credentials_expire(&self) -> Result<Option<Timestamp>, Error> {
        let Some(provider) = &self.credentials else { return Ok(None) };
        let credentials = provider.provide_credentials().await.map_err(|error| Error::of_credentials(&error))?;
        Ok(credentials.expiry().and_then(|expiry| Timestamp::try_from(expiry).ok()))
    }

    /// The account, asked for only if nothing has told it yet.
    pub async fn account(&self) -> Result<SafeText, Error> {
        match self.account.get() {
            Some(account) => Ok(account.clone()),
            None => Ok(self.identity().await?.account),
        }
    }
}
