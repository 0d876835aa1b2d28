//! Tests of the whole house from outside.

mod screens;
