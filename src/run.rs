//! Where the parts meet: a world is opened, a drill is started and conducted, on a screen or without one. Knows every
//! room below the command line.

pub mod abort;
mod again;
pub mod around;
pub mod between;
pub mod conductor;
pub mod crew;
pub mod doctor;
pub mod engine;
pub mod existing;
pub mod found;
pub mod gc;
pub mod headless;
pub mod lock;
mod looking;
mod ordering;
pub mod prove;
pub mod records;
pub mod screen;
pub mod setup;
pub mod start;
pub mod targeting;
pub mod teardown;
mod turns;
pub mod world;
