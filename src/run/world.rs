//! Opens the world that a drill happens in: an AWS account, a lab of our own, or a server named on the command line.
//! Knows how each is reached, and nothing of what is done there.

use std::{fs, io, path::Path, sync::Arc};

use thiserror::Error;

use super::crew::spawn;
use crate::{
    aws::{self, Aws, Connection, Way},
    clock::Clock,
    lab::{
        Lab,
        scenario::{BadScenario, Scenario},
        server::Server,
    },
    text::SafeText,
};

/// Which world, and how to enter it.
#[derive(Clone, Debug, Default)]
pub struct Door {
    pub profile: Option<String>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    /// A scenario's name, or a file.
    pub lab: Option<String>,
    /// Seconds of the lab's time in one of ours.
    pub speed: f64,
    /// Makes a lab's history repeatable.
    pub seed: u64,
    pub read_only: bool,
    /// The accounts that drills may run in.
    pub accounts: Vec<SafeText>,
}

/// A world that was entered.
#[derive(Debug)]
pub struct World {
    pub aws: Aws,
    /// The server named on the command line, shown wherever the account is.
    pub endpoint: Option<SafeText>,
    pub lab: bool,
}

#[derive(Debug, Error)]
pub enum NotOpened {
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error(transparent)]
    Scenario(#[from] BadScenario),
    #[error("there is no scenario `{name}` and no such file. Scenarios: {}", .known.join(", "))]
    NoScenario { name: String, known: Vec<String> },
    #[error("could not read the scenario {path}: {source}. Check the file's name and permissions")]
    Unreadable { path: String, source: io::Error },
    #[error("could not open port {port} on 127.0.0.1: {source}. Choose another with --port")]
    Port { port: u16, source: io::Error },
}

/// Enters the world; in the lab its server starts to answer, and dies with this program.
pub async fn open(door: &Door) -> Result<World, NotOpened> {
    let (way, clock) = match (&door.lab, &door.endpoint) {
        (Some(name), _) => {
            let (lab, clock) = open_lab(name, door.speed, door.seed)?;
            let server = serve(Arc::clone(&lab), 0).await?;
            let way = Way::Lab {
                url: format!("http://{}", server.address()),
                region: lab.region(),
                access_key: lab.access_key().to_owned(),
                secret_key: lab.secret().to_owned(),
            };
            spawn(server.run());
            (way, clock)
        }
        (None, Some(url)) => {
            let (url, profile, region) = (url.clone(), door.profile.clone(), door.region.clone());
            (Way::Endpoint { url, profile, region }, Clock::wall())
        }
        (None, None) => (Way::Account { profile: door.profile.clone(), region: door.region.clone() }, Clock::wall()),
    };
    let connection = Connection {
        way,
        read_only: door.read_only,
        accounts: door.accounts.clone(),
        clock,
        http_client: None,
        credentials: None,
    };
    let aws = aws::connect(connection).await?;
    Ok(World { aws, endpoint: door.endpoint.as_ref().map(SafeText::new), lab: door.lab.is_some() })
}

/// A lab whose time begins now and passes at that speed.
pub fn open_lab(name: &str, speed: f64, seed: u64) -> Result<(Arc<Lab>, Clock), NotOpened> {
    let clock = Clock::rated(Clock::wall().now(), speed);
    Ok((Lab::open(scenario(name)?, clock.clone(), seed), clock))
}

/// The lab's server on loopback; port 0 is any free one.
pub async fn serve(lab: Arc<Lab>, port: u16) -> Result<Server, NotOpened> {
    Server::bind(lab, port).await.map_err(|source| NotOpened::Port { port, source })
}

fn scenario(name: &str) -> Result<Scenario, NotOpened> {
    if let Some(scenario) = Scenario::named(name) {
        return Ok(scenario);
    }
    if !Path::new(name).exists() {
        let known = Scenario::list().into_iter().map(|(name, _)| name.to_owned()).collect();
        return Err(NotOpened::NoScenario { name: name.to_owned(), known });
    }
    scenario_file(name)
}

/// The scenario that a file says.
pub fn scenario_file(name: &str) -> Result<Scenario, NotOpened> {
    let text = fs::read_to_string(name).map_err(|source| NotOpened::Unreadable { path: name.to_owned(), source })?;
    Ok(Scenario::parse(name, &text)?)
}
