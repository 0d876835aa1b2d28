#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod clock;
pub mod drill;
pub mod text;
pub mod theme;
pub mod ui;
