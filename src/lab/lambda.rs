//! Lambda: functions described and invoked. Knows not what the one function that the lab can run does.

use super::service::{Protocol, Service};

pub(super) const SERVICE: Service = Service {
    signing_name: "lambda",
    title: "Lambda",
    global: false,
    refused: &[],
    protocols: &[Protocol::RestJson(&[])],
};
