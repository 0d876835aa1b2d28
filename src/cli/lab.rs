//! `spotdrill lab`: the lab as a tool of its own. Knows what to print for other AWS clients to paste.

use std::fmt::Write;

use rustix::process::Signal;

use super::{
    Ending, Exit,
    args::{Global, PageFormat},
    leaving::Leaving,
};
use crate::{
    lab::{promises, scenario::Scenario},
    run::world::{open_lab, scenario_file, serve as listen},
};

/// Serves until a signal ends it.
pub(super) async fn serve(
    global: &Global,
    scenario: Option<&str>,
    port: u16,
    leaving: &Leaving,
) -> anyhow::Result<Exit> {
    let name = scenario.or(global.lab.as_deref()).unwrap_or("default");
    let speed = global.speed.unwrap_or(1.0);
    let seed = global.seed();
    let (lab, _) = open_lab(name, speed, seed).map_err(Ending::from)?;
    let server = listen(lab.clone(), port).await.map_err(Ending::from)?;
    let url = format!("http://{}", server.address());
    super::print(&format!(
        "# spotdrill lab `{name}` at {url}, speed {speed}, seed {seed}. Ctrl-C ends it.\n\
         # Paste these, then use any AWS client:\n\
         export AWS_ENDPOINT_URL={url}\n\
         export AWS_REGION={region}\n\
         export AWS_DEFAULT_REGION={region}\n\
         export AWS_ACCESS_KEY_ID={key}\n\
         export AWS_SECRET_ACCESS_KEY={secret}\n\
         unset AWS_SESSION_TOKEN AWS_PROFILE\n\
         export AWS_EC2_METADATA_DISABLED=true\n\
         # Live Tail puts `stream-` before the host's name, which then is not found. This stops the AWS CLI and boto3:\n\
         export AWS_DISABLE_HOST_PREFIX_INJECTION=true\n\
         # other SDKs need an endpoint resolver of yours that maps that name to {address}.\n\
         # What the lab plays: spotdrill lab promises\n\
         # or: spotdrill --endpoint-url {url}, with these exports\n",
        address = server.address(),
        region = lab.region(),
        key = lab.access_key(),
        secret = lab.secret(),
    ))?;
    match leaving.unless_told(server.run()).await {
        Err(ending) if ending.exit != Exit::Signal(Signal::INT.as_raw()) => Err(ending.into()),
        _ => Ok(Exit::Held), // ctrl-c is how it is meant to end
    }
}

/// Says that a scenario's file is fine, or everything that is wrong with it.
pub(super) fn check(file: &str) -> anyhow::Result<String> {
    let scenario = scenario_file(file).map_err(Ending::from)?;
    Ok(format!("{file} is fine: {}\n", scenario.description))
}

/// The scenarios that are built in, a line each.
pub(super) fn scenarios(name: Option<&str>) -> anyhow::Result<String> {
    let listed = || {
        Scenario::list().into_iter().fold(String::new(), |mut text, (name, description)| {
            let _ = writeln!(text, "{name:<20}  {description}"); // a String takes all
            text
        })
    };
    let Some(name) = name else { return Ok(listed()) };
    let unknown = || {
        Ending::new(
            Exit::Usage,
            format!("there is no scenario `{name}`. Choose one of these, or `sample`:\n{}", listed()),
        )
    };
    Ok(Scenario::text(name).ok_or_else(unknown)?.to_owned())
}

/// What the lab promises of each service.
pub(super) fn promised(format: PageFormat) -> String {
    match format {
        PageFormat::Markdown => promises::markdown(),
        PageFormat::Json => format!("{:#}\n", promises::json()),
    }
}
