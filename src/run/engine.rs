//! Two threads for one runtime: what was asked for runs on the caller's, every task that it spawns on another. So a screen
//! that hangs holds up neither a drill nor its stop. Knows nothing of either.

use std::{future::Future, io, thread};

use tokio::{runtime::Builder, sync::oneshot};

/// Runs a future to its end on this thread, and what it spawns on a thread of their own. Tasks that are left are dropped.
pub fn run<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (over, ends) = oneshot::channel::<()>();
    let engine = move || {
        let _ = runtime.block_on(ends); // told, or dropped with its sender: either way the work is over
        runtime.shutdown_background();
    };
    thread::Builder::new().name(String::from("engine")).spawn(engine)?;
    let done = handle.block_on(work);
    drop(over);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::crew::spawn;

    #[test]
    fn a_task_goes_on_while_what_spawned_it_hangs() {
        let done = run(async {
            let (send, receive) = std::sync::mpsc::channel();
            spawn(async move {
                tokio::task::yield_now().await;
                let _ = send.send("went on");
            });
            receive.recv_timeout(std::time::Duration::from_secs(30)) // this thread is blocked, as a hanging screen would
        });
        assert_eq!(done.unwrap(), Ok("went on"));
    }
}
