//! What the doctor found: a table of checks, each with what to do about it. Pure: knows no check and no way to make one.

use std::fmt::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::text::SafeText;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub area: Area,
    /// What was looked at, in a few words.
    pub check: SafeText,
    pub standing: Standing,
    pub says: SafeText,
    /// What to do, as text to copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    Aws,
    Permissions,
    Stack,
    Machine,
}

impl Area {
    pub const ALL: [Self; 4] = [Self::Aws, Self::Permissions, Self::Stack, Self::Machine];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Permissions => "PERMISSIONS",
            Self::Stack => "STACK",
            Self::Machine => "THIS MACHINE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Ok,
    /// It could not be looked at, so nothing is said of it.
    Unknown,
    /// Drills work, but one should know.
    Warn,
    Fail,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

impl Finding {
    pub fn ok(area: Area, check: &str, says: impl AsRef<str>) -> Self {
        Self { area, check: SafeText::new(check), standing: Standing::Ok, says: SafeText::new(says), fix: None }
    }

    pub fn warn(area: Area, check: &str, says: impl AsRef<str>, fix: impl Into<String>) -> Self {
        Self { standing: Standing::Warn, fix: Some(fix.into()), ..Self::ok(area, check, says) }
    }

    pub fn fail(area: Area, check: &str, says: impl AsRef<str>, fix: impl Into<String>) -> Self {
        Self { standing: Standing::Fail, fix: Some(fix.into()), ..Self::ok(area, check, says) }
    }

    pub fn unknown(area: Area, check: &str, says: impl AsRef<str>) -> Self {
        Self { standing: Standing::Unknown, ..Self::ok(area, check, says) }
    }
}

/// Everything that was found, in the order of the areas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.area);
        Self { findings }
    }

    pub fn count(&self, standing: Standing) -> usize {
        self.findings.iter().filter(|finding| finding.standing == standing).count()
    }

    /// Whether drills can be run: nothing failed.
    pub fn passes(&self) -> bool {
        self.count(Standing::Fail) == 0
    }

    /// `14 ok  1 WARN  2 FAIL`
    pub fn counts(&self) -> String {
        let all = [Standing::Ok, Standing::Warn, Standing::Fail, Standing::Unknown];
        let counted = all.map(|standing| (self.count(standing), standing.as_str()));
        let counted = counted.into_iter().filter(|(count, word)| *count > 0 || *word == "ok");
        counted.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join("  ")
    }

    pub fn of(&self, area: Area) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.area == area)
    }

    /// The table for people, with the fixes below.
    pub fn text(&self) -> String {
        const WIDEST: usize = 44;
        let widths = self.findings.iter().map(|finding| finding.check.width());
        let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
        let mut text = String::new();
        for area in Area::ALL {
            let mut findings = self.of(area).peekable();
            if findings.peek().is_some() {
                let _ = writeln!(text, "{}", area.as_str()); // a String takes all, here and below
            }
            for Finding { check, standing, says, .. } in findings {
                let _ = writeln!(text, "  {:<7}  {check:<width$}  {says}", standing.as_str());
            }
        }
        let _ = writeln!(text, "\n{}", self.counts());
        for Finding { check, standing, fix, .. } in &self.findings {
            if let Some(fix) = fix {
                let fix: Vec<_> = fix.lines().map(|line| format!("  {line}")).collect();
                let _ = writeln!(text, "\n{} {check}:\n{}", standing.as_str(), fix.join("\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_its_areas_and_the_fixes_come_below() {
        let report = Report::new(vec![
            Finding::fail(Area::Stack, "rule spot-event", "is disabled", "aws events enable-rule --name spot-event"),
            Finding::ok(Area::Aws, "identity", "arn:aws:iam::1:user/x"),
            Finding::unknown(Area::Aws, "quota", "denied"),
        ]);
        insta::assert_snapshot!(report.text(), @r"
        AWS
          ok       identity         arn:aws:iam::1:user/x
          unknown  quota            denied
        STACK
          FAIL     rule spot-event  is disabled

        1 ok  1 FAIL  1 unknown

        FAIL rule spot-event:
          aws events enable-rule --name spot-event
        ");
        assert!(!report.passes());
    }
}
