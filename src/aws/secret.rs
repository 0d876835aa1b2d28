//! The webhook's secret in Secrets Manager: made, replaced, taken back, deleted; never read. Knows nothing of Slack.

use aws_sdk_secretsmanager::types::Tag;

use super::{Aws, Error, error::absent, timestamp};
use crate::{
    stack::{
        TAG,
        removal::{RECOVERY_DAYS, Secret},
        webhook::Webhook,
    },
    text::SafeText,
};

const DESCRIPTION: &str = "The Slack webhook that spotdrill's Lambda posts to";

impl Aws {
    /// The secret of that name, without its value; one that waits to be deleted too.
    pub async fn secret(&self, name: &str) -> Result<Option<Secret>, Error> {
        let call = self.secrets.describe_secret().secret_id(name);
        let answer = call.send().await.map_err(|error| Error::of("describe the webhook's secret", &error));
        let Some(answer) = absent(answer)? else { return Ok(None) };
        Ok(Some(Secret {
            name: SafeText::new(answer.name().unwrap_or(name)),
            arn: SafeText::new(answer.arn().unwrap_or_default()),
            of: answer
                .tags()
                .iter()
                .find(|tag| tag.key() == Some(TAG))
                .map(|tag| SafeText::new(tag.value().unwrap_or_default())),
            deleted: answer.deleted_date().and_then(timestamp),
        }))
    }

    pub async fn create_secret(&self, name: &str, webhook: &Webhook, stack: &str) -> Result<(), Error> {
        let call = self
            .secrets
            .create_secret()
            .name(name)
            .description(DESCRIPTION)
            .secret_string(webhook.expose())
            .tags(Tag::builder().key(TAG).value(stack).build());
        call.send().await.map_err(|error| Error::of("store the webhook", &error)).map(|_| ())
    }

    pub async fn replace_secret(&self, name: &str, webhook: &Webhook) -> Result<(), Error> {
        let call = self.secrets.put_secret_value().secret_id(name).secret_string(webhook.expose());
        call.send().await.map_err(|error| Error::of("store the webhook", &error)).map(|_| ())
    }

    /// Takes back a secret that waits to be deleted.
    pub async fn restore_secret(&self, name: &str) -> Result<(), Error> {
        let call = self.secrets.restore_secret().secret_id(name);
        call.send().await.map_err(|error| Error::of("take the webhook's secret back", &error)).map(|_| ())
    }

    /// Deletes the secret; it can be taken back for [`RECOVERY_DAYS`].
    pub async fn delete_secret(&self, name: &str) -> Result<(), Error> {
        let call = self.secrets.delete_secret().secret_id(name).recovery_window_in_days(RECOVERY_DAYS);
        absent(call.send().await.map_err(|error| Error::of("delete the webhook's secret", &error))).map(|_| ())
    }
}
