//! Lines outside of the screen: results, what is said beside them, and what a panic says, each looked through a last time.
//! Knows the two streams and nothing of what is written.

use std::{
    fmt::Arguments,
    io::{self, Write},
    panic,
};

use crate::text::written;

/// To standard error, for people.
pub fn say(text: &str) -> io::Result<()> {
    io::stderr().write_all(written::for_people(text).as_bytes())
}

/// To standard error, over the line that is there; only where a terminal is.
pub fn say_over(text: &str) -> io::Result<()> {
    write!(io::stderr(), "\r{}", written::for_people(text))
}

/// To standard output, for people.
pub fn print(text: &str) -> io::Result<()> {
    write_out(&written::for_people(text))
}

/// To standard output, for programs: the same JSON, whatever is in it.
pub fn print_json(json: &str) -> io::Result<()> {
    write_out(&written::in_json(json))
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// From here on a panic's message is one that no terminal obeys: it may quote what came from outside.
pub fn tame_panics() {
    panic::set_hook(Box::new(|info| {
        let _ = complain(format_args!("{info}\n")); // nothing is left to tell it to
    }));
}

fn complain(message: Arguments<'_>) -> io::Result<()> {
    say(&format!("spotdrill ended by a mistake of its own: {message}"))
}
