#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod aws;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crash;
pub mod doctor;
pub mod drill;
#[cfg(test)]
#[path = "../tests/it/figure.rs"]
mod figure;
pub mod journal;
pub mod lab;
pub mod probe;
pub mod run;
pub mod stack;
pub mod term;
pub mod text;
pub mod theme;
pub mod ui;
