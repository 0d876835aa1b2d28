//! A figure: what a test counted, told past cargo, which shows nothing that a passing test prints. Knows the list of those
//! that a whole run must tell, and no test.

use std::{
    fmt::Arguments,
    io::{self, Write},
};

/// The names of all figures, one a line; `.ci/run` misses those that were not told.
const NAMES: &str = include_str!("../figures.txt");

/// Tells a figure as one line, whole, for tests run side by side.
pub(crate) fn figure(name: &str, counted: Arguments<'_>) {
    assert!(NAMES.lines().any(|known| known == name), "`{name}` is no line of tests/figures.txt");
    let line = format!("figure: {name}: {counted}\n");
    let _ = io::stderr().write_all(line.as_bytes()); // whoever listened may be gone
}
