//! One binary for all that is tested from outside the modules: no network, no sleeps, no order.

mod drills;
mod lab;
mod stage;
