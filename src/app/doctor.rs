//! The doctor's screen: how far the checks are, what they found, and the fix of one of them. Knows no check.

use jiff::Timestamp;

use super::{App, Effect, Screen, keymap::table::Intent, motion::Motion};
use crate::{
    doctor::{Finding, Report, Standing},
    text::SafeText,
};

#[derive(Clone, Debug)]
pub struct Doctor {
    pub examined: Examined,
    pub cursor: usize,
    /// The fix is shown alone; scrolled by so many lines.
    pub alone: Option<usize>,
    /// The check that was looked at before the checks ran once more.
    looked_at: Option<SafeText>,
    /// The screen to go back to.
    from: Screen,
    /// How many examinations there were: an answer counts if it is of the last one.
    attempt: u32,
}

#[derive(Clone, Debug)]
pub enum Examined {
    /// So many checks are done of so many; of none before they are counted.
    Running {
        done: usize,
        of: usize,
        began: Timestamp,
    },
    Done(Report),
}

/// What the doctor tells.
#[derive(Clone, Debug)]
pub enum Told {
    Progress(usize, usize),
    Report(Report),
}

impl Doctor {
    pub fn findings(&self) -> &[Finding] {
        match &self.examined {
            Examined::Running { .. } => &[],
            Examined::Done(report) => &report.findings,
        }
    }

    pub fn selected(&self) -> Option<&Finding> {
        self.findings().get(self.cursor)
    }

    pub fn is_running(&self) -> bool {
        matches!(self.examined, Examined::Running { .. })
    }

    /// Why a key does nothing now; none if it does.
    pub(super) fn blocked(&self, intent: Intent) -> Option<String> {
        let why = match intent {
            Intent::Refresh if self.is_running() => "the checks run already",
            Intent::Open if self.is_running() => "the checks are not done yet",
            Intent::Open if self.selected().is_none_or(|finding| finding.fix.is_none()) => {
                "there is nothing to mend there"
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    fn scroll(&mut self, motion: Motion) {
        match self.alone {
            Some(top) => {
                // about as many lines as the fix takes on a narrow screen
                let fix = self.selected().and_then(|finding| finding.fix.as_deref()).unwrap_or_default();
                self.alone = Some(motion.from(top, fix.lines().map(|line| line.len() / 60 + 1).sum()));
            }
            None => self.cursor = motion.from(self.cursor, self.findings().len()),
        }
    }
}

/// Where one looks first: at the first that failed, or else that warns.
fn first_to_mend(findings: &[Finding]) -> usize {
    let first = |standing: Standing| findings.iter().position(|finding| finding.standing == standing);
    first(Standing::Fail).or_else(|| first(Standing::Warn)).unwrap_or_default()
}

impl App {
    pub fn doctor(&self) -> Option<&Doctor> {
        self.doctor.as_ref()
    }

    /// Opens the screen and examines anew: what was found before may be mended.
    pub(super) fn open_doctor(&mut self, now: Timestamp) -> Vec<Effect> {
        let from = if self.screen == Screen::Setup { Screen::Setup } else { Screen::Fleet };
        self.screen = Screen::Doctor;
        let attempt = self.doctor.as_ref().map_or(0, |doctor| doctor.attempt) + 1;
        let examined = Examined::Running { done: 0, of: 0, began: now };
        self.doctor = Some(Doctor { examined, cursor: 0, alone: None, looked_at: None, from, attempt });
        vec![Effect::Examine { attempt }]
    }

    pub(super) fn on_doctor(&mut self, intent: Intent, now: Timestamp) -> Vec<Effect> {
        let Some(doctor) = &mut self.doctor else { return Vec::new() };
        match intent {
            Intent::Move(motion) => doctor.scroll(motion),
            Intent::Refresh => {
                doctor.attempt += 1;
                doctor.looked_at = doctor.selected().map(|finding| finding.check.clone());
                doctor.examined = Examined::Running { done: 0, of: 0, began: now };
                return vec![Effect::Examine { attempt: doctor.attempt }];
            }
            Intent::Open if doctor.alone.is_none() => doctor.alone = Some(0),
            Intent::Open => doctor.alone = None,
            Intent::Back | Intent::Leave if doctor.alone.take().is_some() => {}
            Intent::Back | Intent::Leave => self.screen = doctor.from,
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn told_by_doctor(&mut self, attempt: u32, told: Told) {
        let Some(doctor) = self.doctor.as_mut().filter(|doctor| doctor.attempt == attempt) else { return };
        match (told, &mut doctor.examined) {
            (Told::Progress(now_done, now_of), Examined::Running { done, of, .. }) => (*done, *of) = (now_done, now_of),
            (Told::Progress(..), Examined::Done(_)) => {}
            (Told::Report(report), examined) => {
                let is_it = |finding: &Finding| Some(&finding.check) == doctor.looked_at.as_ref();
                let again = report.findings.iter().position(is_it);
                doctor.cursor = again.unwrap_or_else(|| first_to_mend(&report.findings));
                *examined = Examined::Done(report);
            }
        }
    }
}

#[cfg(test)]
mod tests;
