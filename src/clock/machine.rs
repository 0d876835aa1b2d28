//! The machine's own clocks: the one place that asks the system for the time. Knows nothing of AWS's.

use std::{fmt, sync::Arc, time::SystemTime};

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// Whose clocks are read: this machine's, or in tests one that is set at will.
#[derive(Clone)]
pub struct Machine(Arc<dyn Fn() -> MachineTime + Send + Sync>);

/// A reading of the machine's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineTime {
    /// What people see; it can be wrong, and be set at any time.
    pub wall: Timestamp,
    /// How long the machine has been up, the time that it was suspended included. It only grows.
    pub up: SignedDuration,
}

/// The steady clock that counts on while the machine sleeps.
#[cfg(target_os = "linux")]
const UP: ClockId = ClockId::Boottime;
/// Elsewhere (macOS, the BSDs) this one does.
#[cfg(not(target_os = "linux"))]
const UP: ClockId = ClockId::Monotonic;

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        Self::new(read)
    }

    /// A machine with these clocks.
    pub fn new(clocks: impl Fn() -> MachineTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(clocks))
    }

    pub(super) fn now(&self) -> MachineTime {
        (self.0)()
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}

impl MachineTime {
    /// The wall clock as it would stand if nobody had set it since the start.
    pub(super) fn steadily(&self, start: &Self) -> Timestamp {
        start.wall.saturating_add(self.up.saturating_sub(start.up)).unwrap_or(Timestamp::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "this room is the one caller of the system clock")]
fn read() -> MachineTime {
    let up = clock_gettime(UP);
    let nanoseconds = i32::try_from(up.tv_nsec).unwrap_or_default();
    MachineTime {
        wall: Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::MAX),
        up: SignedDuration::new(up.tv_sec, nanoseconds),
    }
}
