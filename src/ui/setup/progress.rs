//! How far the work on the stack is: a bar, a row for each resource with its time by AWS's clock, and whether AWS answers. Knows
//! nothing of what comes after.

use jiff::{SignedDuration, Timestamp};
use ratatui::text::{Line, Span};

use super::{Told, worded, wrapped};
use crate::{
    app::{
        App,
        setup::{Goal, Job},
    },
    stack::{
        kind_in_words,
        progress::{Progress, Row},
        status::in_words,
    },
    ui::{fit, look::Look},
};

const BAR: usize = 30;

pub(super) fn told(app: &App, job: &Job, look: &Look, now: Timestamp, width: usize) -> Told {
    let title = match job.goal {
        Goal::Preview => "looking, nothing is changed",
        Goal::LookForTeardown => "looking for what is there",
        Goal::Leftover => "removing what was left",
        Goal::TearDown => "tearing down",
        Goal::SetUp | Goal::Prove => "setting up",
    };
    let began = job.progress.as_ref().and_then(|progress| progress.began).unwrap_or(job.began);
    let mut lines = Vec::new();
    if let Some(why) = &job.stale {
        let text = format!("AWS does not answer: what is shown is old, and is asked for again. {why}");
        lines.extend(worded("STALE", look.bad, 7, &text, look, width));
        lines.push(Line::default());
    }
    lines.extend(wrapped(&format!("{} ...", job.doing), look.heading, width));
    if let Some(progress) = &job.progress {
        lines.push(Line::default());
        lines.push(bar(progress, look));
        lines.push(Line::default());
        lines.extend(progress.rows.iter().flat_map(|row| resource(row, look, now, width)));
    }
    lines.push(Line::default());
    lines.extend(wrapped(leaving(app, job.goal), look.faint, width));
    Told { title: title.to_owned(), right: format!("{} by AWS's clock", minutes(now.duration_since(began))), lines }
}

fn leaving(app: &App, goal: Goal) -> &'static str {
    match goal {
        Goal::Preview => "esc leaves it: whatever CloudFormation made for the preview is given back",
        Goal::LookForTeardown => "esc leaves it",
        _ if app.setting().lab_inside() => "q leaves this screen and the work goes on; s comes back to it",
        _ => "q leaves this screen and the work goes on at AWS; s comes back to it",
    }
}

fn bar(progress: &Progress, look: &Look) -> Line<'static> {
    let (done, total) = (progress.done(), progress.total());
    let full = (BAR * done).checked_div(total).unwrap_or_default();
    Line::from(vec![
        Span::styled(look.glyphs.block().repeat(full), look.good),
        Span::styled(look.glyphs.shade().repeat(BAR - full), look.faint),
        Span::styled(format!("  {done} of {total}"), look.heading),
    ])
}

/// `made       12 s  IAM role spot-fis-test`
fn resource(row: &Row, look: &Look, now: Timestamp, width: usize) -> Vec<Line<'static>> {
    const WORD: usize = 10;
    const TIME: usize = 6;
    let (word, style) = match (row.has_failed(), row.ended) {
        (true, _) => (in_words(&row.status), look.bad),
        (false, Some(_)) => (in_words(&row.status), look.good),
        (false, None) => (in_words(&row.status), look.warn),
    };
    let took = row.ended.unwrap_or(now).duration_since(row.began).max(SignedDuration::ZERO);
    let reason = row.reason.as_ref().filter(|_| row.has_failed()).map(|why| format!(": {why}")).unwrap_or_default();
    let text = format!("{} {}{reason}", kind_in_words(&row.kind), row.label());
    let parts = fit::wrap(&text, width.saturating_sub(WORD + TIME + 2)).into_iter().enumerate();
    let line = |(number, part): (usize, String)| {
        let first = number == 0;
        let (word, time) = if first { (word, format!("{} s", took.as_secs())) } else { ("", String::new()) };
        Line::from(vec![
            Span::styled(fit::left(word, WORD, look.glyphs), style),
            Span::styled(format!("{}  ", fit::right(&time, TIME, look.glyphs)), look.faint),
            Span::styled(part, look.text),
        ])
    };
    parts.map(line).collect()
}

fn minutes(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
