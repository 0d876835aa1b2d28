//! What happens to every request and answer on its way: AWS's time is read off answers, and a loopback server gets its host
//! name unprefixed. Knows no single operation.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        endpoint::EndpointPrefix,
        interceptors::{
            Intercept,
            context::{
                BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
                BeforeTransmitInterceptorContextRef,
            },
            dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    DateTime,
    config_bag::{ConfigBag, Storable, StoreReplace},
    date_time::Format,
};

use super::timestamp;
use crate::{
    clock::{Clock, MachineTime},
    crash::{self, Point},
};

/// The lab's clock rate: seconds of its time in one of ours.
const LAB_RATE: &str = "x-spotdrill-lab-rate";
/// The lab's time, RFC 3339 with milliseconds: `Date` has whole seconds only.
const LAB_TIME: &str = "x-spotdrill-lab-time";

/// Keeps the drill's clock on AWS's time, and on the lab's time and rate where the server is one.
#[derive(Clone, Debug)]
pub(super) struct Following {
    pub(super) clock: Clock,
}

#[derive(Debug)]
struct Sent(MachineTime);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Following {
    fn name(&self) -> &'static str {
        "Following"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Sent(self.clock.machine_time()));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let rate = headers.get(LAB_RATE).and_then(|rate| rate.parse().ok());
        let lab_time = headers.get(LAB_TIME).and_then(|time| time.parse().ok());
        if let (Some(rate), Some(time)) = (rate, lab_time) {
            let answered = self.clock.machine_time().up;
            let transit = bag.load::<Sent>().map(|Sent(sent)| answered.saturating_sub(sent.up)).unwrap_or_default();
            self.clock.follow(time, rate, transit);
        } else if let (Some(date), Some(Sent(sent))) = (headers.get("date"), bag.load::<Sent>())
            && let Some(date) = DateTime::from_str(date, Format::HttpDate).ok().as_ref().and_then(timestamp)
        {
            self.clock.heard(date, *sent, self.clock.machine_time());
        }
        Ok(())
    }
}

/// Between a request that was carried out and its answer there is a crash point, for each that changes something in a drill.
#[derive(Debug)]
pub(super) struct Unread;

#[dyn_dispatch_hint]
impl Intercept for Unread {
    fn name(&self) -> &'static str {
        "Unread"
    }

    fn read_before_deserialization(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match bag.load::<Metadata>().map(Metadata::name) {
            Some("CreateExperimentTemplate") => crash::point(Point::TemplateSent),
            Some("StartExperiment") => crash::point(Point::StartSent),
            Some("StopExperiment") => crash::point(Point::StopSent),
            Some("DeleteExperimentTemplate") => crash::point(Point::DeleteSent),
            _ => {}
        }
        Ok(())
    }
}

/// StartLiveTail asks for the host `stream-<endpoint>`, which no loopback server has.
#[derive(Debug)]
pub(super) struct WithoutHostPrefix;

#[dyn_dispatch_hint]
impl Intercept for WithoutHostPrefix {
    fn name(&self) -> &'static str {
        "WithoutHostPrefix"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let endpoint = bag.load::<aws_types::endpoint_config::EndpointUrl>().and_then(|url| url.0.parse().ok());
        if endpoint.is_some_and(|url: http::Uri| is_loopback(&url)) {
            bag.interceptor_state().unset::<EndpointPrefix>();
        }
        Ok(())
    }
}

/// Whether a URL leads to this machine itself.
pub fn is_loopback(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}
