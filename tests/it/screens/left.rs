//! What somebody left, as the first screen tells of it: drills, a start without an answer, a lock.

use spotdrill::{
    app::{Msg, Overlay},
    drill::{
        fleet::World,
        found::Found,
        id::DrillId,
        lock::{Lock, Standing},
    },
    text::SafeText,
};

use super::fixture::{Session, at, confirming};

/// Two drills were left, one of them by another machine.
pub(super) fn with_drills_left() -> Session {
    let mut session = Session::listed(World::Aws);
    let found = |id: &str, by: Option<&str>, begun, stands: &str| Found {
        drill: DrillId::new(id).unwrap(),
        by: by.map(SafeText::new),
        begun: at(begun),
        stands: SafeText::new(stands),
        stoppable: true,
        unanswered: None,
    };
    let left = vec![
        found("20261122-120450-k3f9", Some("ada@bastion-1"), "12:04:50", "FIS said running"),
        found("20261122-115012-q0x2", None, "11:50:12", "FIS says running; no journal of it is here"),
    ];
    session.tell(Msg::DrillsLeft(left));
    session
}

/// A drill was left while its start had got no answer.
pub(super) fn with_a_start_unanswered() -> Session {
    let planned = confirming(World::Aws);
    let Some(Overlay::Confirm(confirm)) = planned.app.overlays().last() else { panic!("no dialog") };
    let unanswered = Some(Box::new(confirm.plan.clone()));
    let mut session = Session::listed(World::Aws);
    session.tell(Msg::DrillsLeft(vec![Found {
        drill: DrillId::new("20261122-115950-k3f9").unwrap(),
        by: Some(SafeText::new("ada@bastion-1")),
        begun: at("11:59:50"),
        stands: SafeText::new("whether it started is not known yet"),
        stoppable: true,
        unanswered,
    }]));
    session
}

/// The start was refused, for another drill left its lock on the group.
pub(super) fn with_a_lock_left() -> Session {
    let mut session = Session::listed(World::Aws);
    let lock = Lock {
        drill: DrillId::new("20261122-105950-k3f9").unwrap(),
        group: SafeText::new("eks-nodegroup shop/web-spot"),
        arn: SafeText::new("arn:aws:sts::123456789012:assumed-role/ops/ada"),
        user: SafeText::new("ada"),
        host: SafeText::new("bastion-1"),
        at: at("10:59:50"),
        lasts: 1_800,
        version: SafeText::new("0.1.0"),
    };
    session.tell(Msg::LockLeft(Box::new(Standing { lock, since: at("10:59:51"), shown: None })));
    session
}
