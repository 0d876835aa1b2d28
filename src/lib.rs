#![doc = include_str!("ARCHITECTURE.md")]

pub mod clock;
pub mod lab;
