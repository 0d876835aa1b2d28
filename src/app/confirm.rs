//! The confirm dialog of a drill: what will be hit, and the words that start it. Knows not how the words are judged.

use super::words::Words;
use crate::drill::plan::Plan;

#[derive(Clone, Debug)]
pub struct Confirm {
    pub plan: Plan,
    pub words: Words,
}

impl Confirm {
    pub fn new(plan: Plan) -> Self {
        let words = Words::new(plan.words(), "nothing was started");
        Self { plan, words }
    }
}
