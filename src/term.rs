//! The terminal: taken over and given back, read from and written to, never waited for. Knows crossterm and the chords of
//! the keymap; its two threads are the only ones, because terminals block.

pub mod ask;
pub mod guard;
pub mod input;
pub mod output;
pub mod panics;
pub mod plain;
pub mod signals;
