//! Launch templates and fleets: what to launch, kept under a name, and what was launched at once. Knows not how.

use std::sync::Arc;

use jiff::Timestamp;

use super::{instance::Tags, launch::Spot};

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct LaunchTemplate {
    pub(in crate::lab) order: u64,
    pub(in crate::lab) id: String,
    pub(in crate::lab) name: String,
    pub(in crate::lab) created: Timestamp,
    /// By rising number, from 1; the first is the default.
    pub(in crate::lab) versions: Vec<LaunchTemplateVersion>,
    pub(in crate::lab) tags: Tags,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct LaunchTemplateVersion {
    pub(in crate::lab) number: u64,
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) data: LaunchData,
}

impl LaunchTemplate {
    pub(in crate::lab) const DEFAULT_VERSION: u64 = 1;

    pub(in crate::lab) fn latest(&self) -> u64 {
        self.versions.last().map_or(Self::DEFAULT_VERSION, |version| version.number)
    }

    /// The version that is called by its number, `$Default` or `$Latest`.
    pub(in crate::lab) fn version(&self, called: &str) -> Option<&LaunchTemplateVersion> {
        let number = match called {
            "$Default" => Self::DEFAULT_VERSION,
            "$Latest" => self.latest(),
            number => number.parse().ok()?,
        };
        self.versions.iter().find(|version| version.number == number)
    }
}

/// What a launch template, a fleet's override or RunInstances says of an instance; each may say only a part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::lab) struct LaunchData {
    pub(in crate::lab) image: Option<Arc<str>>,
    pub(in crate::lab) instance_type: Option<Arc<str>>,
    pub(in crate::lab) zone: Option<Arc<str>>,
    pub(in crate::lab) spot: Option<Spot>,
    pub(in crate::lab) tags: Tags,
    /// For the spot request.
    pub(in crate::lab) request_tags: Tags,
}

impl LaunchData {
    /// This, and where it says nothing, what `other` says. Tags of one kind are taken as a whole.
    pub(in crate::lab) fn or(self, other: &Self) -> Self {
        let tags = |own: Tags, other: &Tags| if own.is_empty() { other.clone() } else { own };
        Self {
            image: self.image.or_else(|| other.image.clone()),
            instance_type: self.instance_type.or_else(|| other.instance_type.clone()),
            zone: self.zone.or_else(|| other.zone.clone()),
            spot: self.spot.or_else(|| other.spot.clone()),
            tags: tags(self.tags, &other.tags),
            request_tags: tags(self.request_tags, &other.request_tags),
        }
    }
}

/// An instant fleet.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Fleet {
    pub(in crate::lab) id: String,
    pub(in crate::lab) instances: Vec<String>,
    pub(in crate::lab) tags: Tags,
}
