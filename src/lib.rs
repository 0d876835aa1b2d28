#![doc = include_str!("ARCHITECTURE.md")]

pub mod aws;
pub mod clock;
pub mod config;
pub mod drill;
pub mod journal;
pub mod text;
