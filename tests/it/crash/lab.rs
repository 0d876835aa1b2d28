//! A lab that this process serves to others, and looks into.

use std::{sync::Arc, thread};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_fis::types as fis;
use jiff::{SignedDuration, Timestamp};
use spotdrill::{
    clock::Clock,
    drill::template::{DRILL_TAG, Template},
    lab::{Lab as World, in_process, server::Server},
};
use tokio::{runtime::Builder, sync::oneshot};

use crate::{program::wait_until, stage::scenario};

/// A drill of two minutes takes a second.
const SPEED: f64 = 240.0;
/// A drill's time counts from its last sign of life, which comes this much later, at the most, than its lock says that it
/// was taken: some seconds of ours.
const TO_START: SignedDuration = SignedDuration::from_mins(15);

pub(super) struct Lab {
    world: Arc<World>,
    clock: Clock,
    url: String,
    /// Dropped, it ends the server.
    _open: oneshot::Sender<()>,
}

#[derive(Debug)]
pub(super) struct Experiment {
    pub(super) id: String,
    pub(super) runs: bool,
}

/// What is in the account because of a drill.
pub(super) struct Left {
    pub(super) name: String,
    pub(super) held: Option<Held>,
}

/// Whose a lock is, and when that drill has had the time that it asked for.
pub(super) struct Held {
    pub(super) drill: String,
    over: Timestamp,
}

impl Left {
    fn template(id: &str) -> Self {
        Self { name: format!("template {id}"), held: None }
    }

    fn lock(value: &str) -> Self {
        let lock: serde_json::Value = serde_json::from_str(value).unwrap();
        let at: Timestamp = lock["at"].as_str().unwrap().parse().unwrap();
        let held = (lock["state"] == "held").then(|| Held {
            drill: lock["drill"].as_str().unwrap().to_owned(),
            over: at + SignedDuration::from_secs(lock["lasts"].as_i64().unwrap()) + TO_START,
        });
        Self { name: format!("lock {value}"), held }
    }
}

impl Lab {
    pub(super) fn open() -> Self {
        let clock = Clock::rated(Clock::wall().now(), SPEED);
        let world = World::open(scenario(8, ""), clock.clone(), 1);
        let (open, closed) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let served = Arc::clone(&world);
        thread::spawn(move || {
            now(async move {
                let server = Server::bind(served, 0).await.unwrap();
                tell.send(format!("http://{}", server.address())).unwrap();
                tokio::select! {
                    never = server.run() => match never {},
                    _ = closed => {}
                }
            });
        });
        Self { world, clock, url: told.recv().unwrap(), _open: open }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn keys(&self) -> [(&'static str, String); 3] {
        [
            ("AWS_ACCESS_KEY_ID", self.world.access_key().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", self.world.secret().to_owned()),
            ("AWS_REGION", self.world.region()),
        ]
    }

    /// Every experiment that a drill started, previews aside.
    pub(super) fn experiments_of_drills(&self) -> Vec<Experiment> {
        let listed = now(self.fis().list_experiments().send()).unwrap();
        let of_drills = listed.experiments().iter().filter(|found| found.tags().unwrap().contains_key(DRILL_TAG));
        let read = |found: &fis::ExperimentSummary| {
            use fis::ExperimentStatus::{Cancelled, Completed, Failed, Stopped};
            let status = found.state().and_then(|state| state.status()).unwrap();
            let runs = !matches!(status, Completed | Stopped | Failed | Cancelled);
            Experiment { id: found.id().unwrap().to_owned(), runs }
        };
        of_drills.map(read).collect()
    }

    /// Every template and lock of drills that is there.
    pub(super) fn left(&self) -> Vec<Left> {
        let listed = now(self.fis().list_experiment_templates().send()).unwrap();
        let ours = listed.experiment_templates().iter().filter(|found| found.tags().unwrap().contains_key(DRILL_TAG));
        let templates = ours.map(|found| Left::template(found.id().unwrap()));
        let locks = self.parameters().get_parameters_by_path().path("/spotdrill/lock").recursive(true);
        let locks = now(locks.send()).unwrap();
        templates.chain(locks.parameters().iter().map(|found| Left::lock(found.value().unwrap()))).collect()
    }

    /// Waits until that drill has had its time.
    pub(super) fn until_it_is_over(&self, held: &Held) {
        wait_until("the end of a lock's time", || self.clock.now() > held.over);
    }

    /// One of the group `web` at random, made by somebody else.
    pub(super) fn template_of_others(&self) -> String {
        let running = fis::ExperimentTemplateTargetInputFilter::builder().path("State.Name").values("running").build();
        let target = fis::CreateExperimentTemplateTargetInput::builder()
            .resource_type(Template::RESOURCE_TYPE)
            .selection_mode("COUNT(1)")
            .resource_tags("aws:autoscaling:groupName", "web")
            .filters(running.unwrap())
            .build();
        let action = fis::CreateExperimentTemplateActionInput::builder()
            .action_id(Template::ACTION_ID)
            .parameters("durationBeforeInterruption", "PT2M")
            .targets(Template::TARGET_KEY, "one")
            .build();
        let nothing = fis::CreateExperimentTemplateStopConditionInput::builder().source("none").build();
        let call = self
            .fis()
            .create_experiment_template()
            .description("one of web, at random")
            .role_arn("arn:aws:iam::000000000000:role/spot-fis-test")
            .stop_conditions(nothing.unwrap())
            .targets("one", target.unwrap())
            .actions("hit", action.unwrap());
        now(call.send()).unwrap().experiment_template().unwrap().id().unwrap().to_owned()
    }

    fn fis(&self) -> aws_sdk_fis::Client {
        aws_sdk_fis::Client::new(&self.sdk())
    }

    fn parameters(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.sdk())
    }

    fn sdk(&self) -> aws_types::SdkConfig {
        let keys = Credentials::new(self.world.access_key(), self.world.secret(), None, None, "test");
        aws_types::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(self.world.region()))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url("http://127.0.0.1:1")
            .http_client(in_process::client(&self.world))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::StaticTimeSource::new(Clock::wall().now().into()))
            .build()
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
