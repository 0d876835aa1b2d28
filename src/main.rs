//! Parses the arguments and turns what comes of them into words and an exit code. Knows only the command line.

fn main() {}
