//! What a stack's status means for whoever wants to change it. Knows the words of CloudFormation's `StackStatus` and nothing
//! else.

/// Source: CloudFormation user guide, stack status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Only a change set was made for it; it has no resources.
    InReview,
    /// It can be updated.
    Ready,
    /// Something is under way.
    Busy,
    /// It was never completed, or not wholly deleted: it can only be deleted.
    Leftover,
    /// A rollback got stuck: it needs a person.
    Stuck,
}

impl Standing {
    pub fn of(status: &str) -> Self {
        match status {
            "REVIEW_IN_PROGRESS" => Self::InReview,
            "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED" => Self::Leftover,
            "UPDATE_ROLLBACK_FAILED" | "UPDATE_FAILED" | "IMPORT_ROLLBACK_FAILED" => Self::Stuck,
            _ if status.ends_with("_IN_PROGRESS") => Self::Busy,
            _ => Self::Ready,
        }
    }
}

/// What an operation on a stack came to, by the status at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Made,
    RolledBack,
    Deleted,
    Failed,
}

impl Outcome {
    /// None while it goes on.
    pub fn of(status: &str) -> Option<Self> {
        match status {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Some(Self::Made),
            "ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => Some(Self::RolledBack),
            "DELETE_COMPLETE" => Some(Self::Deleted),
            _ if status.ends_with("_FAILED") => Some(Self::Failed),
            _ => None,
        }
    }
}

/// A resource's status in a word.
pub fn in_words(status: &str) -> &str {
    match status {
        "CREATE_IN_PROGRESS" => "making",
        "CREATE_COMPLETE" => "made",
        "UPDATE_IN_PROGRESS" => "changing",
        "UPDATE_COMPLETE" => "changed",
        "DELETE_IN_PROGRESS" => "deleting",
        "DELETE_COMPLETE" => "deleted",
        "DELETE_SKIPPED" => "kept",
        _ if status.ends_with("_FAILED") => "FAILED",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_cloudformation_has_one_meaning() {
        let all = [
            ("CREATE_IN_PROGRESS", Standing::Busy, None),
            ("CREATE_FAILED", Standing::Leftover, Some(Outcome::Failed)),
            ("CREATE_COMPLETE", Standing::Ready, Some(Outcome::Made)),
            ("ROLLBACK_IN_PROGRESS", Standing::Busy, None),
            ("ROLLBACK_FAILED", Standing::Leftover, Some(Outcome::Failed)),
            ("ROLLBACK_COMPLETE", Standing::Leftover, Some(Outcome::RolledBack)),
            ("DELETE_IN_PROGRESS", Standing::Busy, None),
            ("DELETE_FAILED", Standing::Leftover, Some(Outcome::Failed)),
            ("UPDATE_IN_PROGRESS", Standing::Busy, None),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Standing::Busy, None),
            ("UPDATE_COMPLETE", Standing::Ready, Some(Outcome::Made)),
            ("UPDATE_FAILED", Standing::Stuck, Some(Outcome::Failed)),
            ("UPDATE_ROLLBACK_IN_PROGRESS", Standing::Busy, None),
            ("UPDATE_ROLLBACK_FAILED", Standing::Stuck, Some(Outcome::Failed)),
            ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", Standing::Busy, None),
            ("UPDATE_ROLLBACK_COMPLETE", Standing::Ready, Some(Outcome::RolledBack)),
            ("REVIEW_IN_PROGRESS", Standing::InReview, None),
            ("IMPORT_IN_PROGRESS", Standing::Busy, None),
            ("IMPORT_COMPLETE", Standing::Ready, Some(Outcome::Made)),
            ("IMPORT_ROLLBACK_IN_PROGRESS", Standing::Busy, None),
            ("IMPORT_ROLLBACK_FAILED", Standing::Stuck, Some(Outcome::Failed)),
            ("IMPORT_ROLLBACK_COMPLETE", Standing::Ready, Some(Outcome::RolledBack)),
            ("DELETE_COMPLETE", Standing::Ready, Some(Outcome::Deleted)),
        ];
        for (status, standing, outcome) in all {
            assert_eq!((Standing::of(status), Outcome::of(status)), (standing, outcome), "{status}");
        }
    }
}
