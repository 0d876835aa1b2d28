//! Whether a call that was refused in the end may have been carried out before: an earlier attempt was sent and its answer
//! was lost. Knows attempts, and no operation.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef},
            dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// For one call: an interceptor, and what it saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubt {
    /// The attempt that is under way has left.
    sent: Arc<AtomicBool>,
    seen: Arc<AtomicBool>,
}

impl Doubt {
    pub(super) fn is_left(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Doubt {
    fn name(&self) -> &'static str {
        "Doubt"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.sent.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let sent = self.sent.swap(false, Ordering::Relaxed);
        let understood = match context.output_or_error() {
            Some(Ok(_)) => true,
            Some(Err(error)) => error.is_operation_error(),
            None => false,
        };
        let failed = context.response().is_none_or(|response| response.status().is_server_error());
        if sent && (failed || !understood) {
            self.seen.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
