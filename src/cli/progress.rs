//! The work on a stack as lines on standard error: one for each resource that is done, with a bar and the time so far. Knows
//! what was said before.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::SignedDuration;

use crate::{
    run::setup::Told,
    stack::{
        kind_in_words,
        progress::{Progress, Row},
        status::in_words,
    },
    text::SafeText,
};

#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    /// The last status that was said of each resource.
    statuses: BTreeMap<SafeText, SafeText>,
    stale: bool,
    begun: bool,
}

const BAR: usize = 20;

impl Lines {
    pub(super) fn tell(&self, told: Told) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match told {
            Told::Begins => {
                said.begun = true;
                return;
            }
            Told::Doing(what) => format!("{what}\n"),
            Told::Stale(why) if !std::mem::replace(&mut said.stale, true) => {
                format!("STALE, what was said last is old; asking again. {why}\n")
            }
            Told::Stale(_) => return,
            Told::Progress(progress) => {
                let back = if std::mem::take(&mut said.stale) { "AWS answers again\n" } else { "" };
                format!("{back}{}", said.lines(&progress))
            }
        };
        let _ = super::say(&text); // stderr is closed: nobody listens, and the work goes on
    }
}

impl Lines {
    /// Whether AWS works on the stack, or may.
    pub(super) fn begun(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).begun
    }
}

impl Said {
    fn lines(&mut self, progress: &Progress) -> String {
        let is_news = |row: &&Row| row.ended.is_some() && self.statuses.get(&row.logical) != Some(&row.status);
        let mut news: Vec<_> = progress.rows.iter().filter(is_news).collect();
        news.sort_by_key(|row| row.ended);
        let before = progress.done() - news.len();
        let lines = (1..).zip(&news).map(|(number, row)| line(progress, row, before + number));
        let text = lines.collect();
        self.statuses.extend(news.into_iter().map(|row| (row.logical.clone(), row.status.clone())));
        text
    }
}

/// `  12 s  [########............]   5/11  made     IAM role spot-fis-test`
fn line(progress: &Progress, row: &Row, done: usize) -> String {
    let total = progress.total().max(1);
    let full = BAR * done / total;
    let took = row.ended.zip(progress.began).map_or(SignedDuration::ZERO, |(ended, began)| ended.duration_since(began));
    let reason = row.reason.as_ref().filter(|_| row.has_failed()).map(|why| format!(": {why}")).unwrap_or_default();
    format!(
        "{:>5} s  [{}{}]  {done:>2}/{total:<2}  {:<7}  {} {}{reason}\n",
        took.as_secs(),
        "#".repeat(full),
        ".".repeat(BAR - full),
        in_words(&row.status),
        kind_in_words(&row.kind),
        row.label(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Event;

    fn event(number: i64, logical: &str, status: &str, reason: Option<&str>) -> Event {
        Event {
            id: SafeText::new(format!("{logical} {status}")),
            at: jiff::Timestamp::from_second(1_800_000_000 + number).unwrap(),
            logical: logical.into(),
            physical: Some("spot-fis-test".into()),
            kind: "AWS::IAM::Role".into(),
            status: status.into(),
            reason: reason.map(SafeText::new),
        }
    }

    #[test]
    fn each_end_is_said_once() {
        let (mut said, mut progress) = (Said::default(), Progress::expecting(4));
        progress.apply(&event(0, "FisRole", "CREATE_IN_PROGRESS", None));
        assert_eq!(said.lines(&progress), "");
        progress.apply(&event(12, "FisRole", "CREATE_COMPLETE", None));
        let line = "   12 s  [#####...............]   1/4   made     IAM role spot-fis-test\n";
        assert_eq!(said.lines(&progress), line);
        assert_eq!(said.lines(&progress), "");
        progress.apply(&event(15, "FisRole", "DELETE_COMPLETE", None));
        assert!(said.lines(&progress).contains("deleted"));
        progress.apply(&event(16, "Other", "CREATE_FAILED", Some("no")));
        assert!(said.lines(&progress).contains("FAILED   IAM role spot-fis-test: no"));
    }
}
