//! The program from the outside, one module per room.

mod lab;
