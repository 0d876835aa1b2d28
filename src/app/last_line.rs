//! Which keys have a place in the last line at this moment. Knows what the drill has come to, and not how wide a line is.

use super::{
    App, Screen,
    keymap::table::{Binding, Intent},
    live::Live,
};
use crate::drill::plan::Wave;

impl App {
    /// A stop that reaches nothing any more makes room for the wave that is to come.
    pub fn is_in_last_line(&self, binding: &Binding) -> bool {
        match (binding.intent, self.screen) {
            (Intent::Stop, Screen::Live) => binding.in_footer && self.can_be_stopped(),
            (Intent::NextWave, _) => self.wave_to_come().is_some(),
            _ => binding.in_footer,
        }
    }

    /// The wave that was not started, once the one before it held.
    pub fn wave_to_come(&self) -> Option<Wave> {
        self.live.as_ref().and_then(Live::wave_to_come).filter(|_| self.screen == Screen::Live)
    }

    /// A stop still reaches something: an experiment that goes on, or one that is being started.
    pub fn can_be_stopped(&self) -> bool {
        let over = |live: &Live| live.drill.timeline.experiment.as_ref().is_some_and(|it| it.progress.is_over());
        self.live.as_ref().is_some_and(|live| live.goes_on() && !over(live))
    }
}
