//! What a spot-interruption drill is: its vocabulary, its plan, its guards and its one state machine. Knows no other room,
//! never waits, never fails and never reads a clock.

pub mod conduct;
pub mod cost;
mod doubt;
pub mod existing;
pub mod fact;
pub mod fleet;
pub mod found;
pub mod guard;
pub mod health;
pub mod id;
pub mod lock;
pub mod order;
pub mod plan;
pub mod stopping;
pub mod telling;
pub mod template;
pub mod timeline;
pub mod verdict;
pub mod warning;
