//! A lab that this process serves to others, and looks into.

use std::{sync::Arc, thread};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_fis::types as fis;
use spotdrill::{
    clock::Clock,
    drill::template::{DRILL_TAG, Template},
    lab::{Lab as World, in_process, server::Server},
};
use tokio::{runtime::Builder, sync::oneshot};

use crate::stage::scenario;

/// A drill of two minutes takes a second.
const SPEED: f64 = 240.0;

pub(super) struct Lab {
    world: Arc<World>,
    url: String,
    /// Dropped, it ends the server.
    _open: oneshot::Sender<()>,
}

#[derive(Debug)]
pub(super) struct Experiment {
    pub(super) id: String,
    pub(super) runs: bool,
}

impl Lab {
    pub(super) fn open() -> Self {
        let world = World::open(scenario(8, ""), Clock::rated(Clock::wall().now(), SPEED), 1);
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
        Self { world, url: told.recv().unwrap(), _open: open }
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

    /// Every template that a drill made for itself and that is still there.
    pub(super) fn templates_of_drills(&self) -> Vec<String> {
        let listed = now(self.fis().list_experiment_templates().send()).unwrap();
        let ours = listed.experiment_templates().iter().filter(|found| found.tags().unwrap().contains_key(DRILL_TAG));
        ours.map(|found| found.id().unwrap().to_owned()).collect()
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
        let keys = Credentials::new(self.world.access_key(), self.world.secret(), None, None, "test");
        let config = aws_sdk_fis::Config::builder()
            .behavior_version(aws_sdk_fis::config::BehaviorVersion::latest())
            .region(aws_sdk_fis::config::Region::new(self.world.region()))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url("http://127.0.0.1:1")
            .http_client(in_process::client(&self.world))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::StaticTimeSource::new(Clock::wall().now().into()))
            .build();
        aws_sdk_fis::Client::from_conf(config)
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
