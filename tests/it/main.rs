//! Tests of the whole house from outside.

#[cfg(test)] // helpers of tests may unwrap, too
mod screens;
