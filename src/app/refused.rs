//! A review that is refused: everything that stands against a start, to be read before anything else is typed. Decides nothing:
//! the guards do.

use super::{App, Effect, Overlay, Screen};

impl App {
    /// Words are typed right after a review is asked for: the dialog takes them, so that none of them is a key.
    pub(super) fn review_refused(&mut self, why: String) -> Vec<Effect> {
        let standing = match (self.screen, &self.compose, &self.templates) {
            (Screen::Compose, Some(compose), _) if !compose.is_looking() => compose.standing(),
            (Screen::Templates, _, Some(templates)) => templates.standing(),
            _ => Vec::new(),
        };
        let all_is_said = !standing.is_empty() && !self.setting.read_only && !self.setup.is_changing();
        let why = (!all_is_said).then_some(why);
        self.overlays.push(Overlay::Refused { said: why.into_iter().chain(standing).collect(), top: 0 });
        vec![Effect::ForgetTypeAhead]
    }
}
