//! The program from the outside, one module per room.

#[cfg(test)]
mod lab;
