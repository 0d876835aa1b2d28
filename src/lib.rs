#![doc = include_str!("ARCHITECTURE.md")]

pub mod aws;
pub mod cli;
pub mod clock;
pub mod config;
pub mod drill;
pub mod journal;
pub mod lab;
pub mod run;
pub mod text;
