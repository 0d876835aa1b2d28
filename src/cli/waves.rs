//! The waves of a drill, one after another, without a screen. Knows when the next may start: the one before held, the gap is over,
//! and somebody says so; and that whoever asked for a stop gets no further one. What each wave needs to start, the guards weigh anew.

use futures_util::FutureExt;
use secrecy::ExposeSecret;

use super::{
    Ending, Exit,
    again::Again,
    args::Wanted,
    leaving::Leaving,
    run::{Heard, ending, listen, stops},
    say,
};
use crate::{
    drill::{fact::ConfirmedBy, id::DrillId, plan::Plan},
    run::{
        start::{Running, Stopper, Ways, start},
        world::World,
    },
    term::ask::{self, Answer},
    text::SafeText,
};

/// Runs a confirmed plan, wave by wave.
pub(super) async fn run(
    world: &World,
    ways: &Ways,
    wanted: &Wanted,
    mut plan: Plan,
    (words, by): (String, ConfirmedBy),
    (leaving, again): (&Leaving, &Again),
) -> anyhow::Result<Exit> {
    if leaving.was_told_to_stop() {
        return Err(Ending::new(Exit::Aborted, "nothing was started: SIGUSR1 asked for a stop").into());
    }
    let nobody = !wanted.unattended && !ask::is_possible();
    if let Some(wave) = plan.wave.as_ref().filter(|_| nobody) {
        let waves = wave.of;
        say(&format!("only wave 1 of {waves} will run: nobody is here to be asked, and --unattended was not given\n"))?;
    }
    loop {
        if let Some(wave) = &plan.wave {
            say(&format!("wave {} of {}\n", wave.number, wave.of))?;
        }
        leaving.leaves(if world.lab {
            String::from("nothing was started\n")
        } else {
            again.fill("nothing was started, but the group's lock may be taken: `spotdrill attach` frees it\n")
        });
        let (stopper, asked) = Stopper::new();
        stopper.obey_signal()?;
        let mut running = start(&world.aws, ways, plan.clone(), words.clone(), by, asked).await.map_err(ending)?;
        say(&format!("drill {}  journal {}\n", running.id, running.journal.display()))?;
        say(&stops(&running.id, world))?;
        let Heard { exit, stopped_by } = listen(&mut running, world, ways, wanted.format, leaving).await?;
        let Running { id, .. } = running;
        let Some(next) = plan.next_wave(&id) else { return Ok(exit) };
        leaving.leaves(again.fill(&held(&next, "it was left")));
        let stop = async {
            match stopped_by {
                Some(by) => by,
                None => leaving.told_to_stop().map(|()| SafeText::new("SIGUSR1")).await,
            }
        };
        tokio::select! {
            biased;
            by = stop => {
                say(&again.fill(&held(&next, &format!("a stop was asked for by {by}"))))?;
                return Ok(if exit == Exit::Held { Exit::Aborted } else { exit });
            }
            goes_on = goes_on(world, wanted, &next, exit) => if let Err(why) = goes_on? {
                say(&again.fill(&held(&next, &why)))?;
                return Ok(if exit == Exit::Held && nobody { Exit::Guarded } else { exit });
            }
        }
        plan = next;
    }
}

/// Whether the next wave may start; if not, why.
async fn goes_on(world: &World, wanted: &Wanted, next: &Plan, exit: Exit) -> anyhow::Result<Result<(), String>> {
    let Some(wave) = &next.wave else { return Ok(Ok(())) };
    if exit != Exit::Held {
        return Ok(Err(String::from("the wave before did not hold")));
    }
    if !wanted.unattended && !ask::is_possible() {
        return Ok(Err(String::from("nobody is here to be asked, and --unattended was not given")));
    }
    let gap = std::time::Duration::from_secs(wave.gap.into());
    say(&format!("wave {} of {} may start in {} s\n", wave.number, wave.of, wave.gap))?;
    world.aws.clock.sleep(gap).await;
    if wanted.unattended {
        return Ok(Ok(()));
    }
    let question = format!("Type wave {} to start it: ", wave.number);
    let answer = ask::ask(&question).await?;
    let wanted = format!("wave {}", wave.number);
    let is_yes = matches!(&answer, Answer::Line(line) if line.expose_secret().trim() == wanted);
    Ok(if is_yes { Ok(()) } else { Err(String::from("nobody said to start it")) })
}

/// What is said of waves that do not start.
fn held(next: &Plan, why: &str) -> String {
    let ids: Vec<_> = next.in_all_waves().map(|target| target.id.to_string()).collect();
    let waves = next.wave.as_ref().map_or(String::from("the rest was"), |wave| match wave.of - wave.number {
        0 => format!("wave {} of {} was", wave.number, wave.of),
        _ => format!("waves {} to {} of {} were", wave.number, wave.of, wave.of),
    });
    format!(
        "{waves} not started: {why}. Not hit: {}\nTo drill them: spotdrill run --instance {}\n",
        ids.join(" "),
        ids.join(" ")
    )
}

/// What is said of the waves after a drill that was come back to: none of them starts by itself.
pub(super) fn held_after(drill: &DrillId, plan: &Plan) -> Option<String> {
    plan.next_wave(drill).map(|next| held(&next, "its drill was left, and no wave starts by itself"))
}
