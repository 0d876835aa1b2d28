//! One binary for all that is tested from outside the modules: no network, no sleeps, no order.

// `cfg(test)` tells clippy that what tests may do is allowed here
#[cfg(test)]
mod abort;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod cli;
// a release build has no crash points
#[cfg(debug_assertions)]
#[cfg(test)]
mod crash;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod drills;
#[cfg(test)]
mod existing;
#[cfg(test)]
mod figure;
#[cfg(test)]
mod found;
#[cfg(test)]
mod gc;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod lock;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod program;
#[cfg(test)]
mod pty;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod waves;
