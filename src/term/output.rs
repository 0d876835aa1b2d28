//! Frames to the terminal, one at a time: drawn into memory, written by a thread of its own, so that a terminal that does
//! not take them holds up nobody. Knows ratatui's backend and no screen.

use std::{
    borrow::Cow,
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use crossterm::{
    cursor::Hide,
    event::EnableBracketedPaste,
    queue,
    terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen},
};
use ratatui::{
    Frame, Terminal,
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    stdio::stdout,
    termios::{Action, QueueSelector, tcflow, tcflush, tcgetwinsize},
};
use tokio::sync::Notify;

use super::{guard, input::is_in_background};
use crate::text::acts;

/// The terminal's screen.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<Paper>,
    frames: SyncSender<Vec<u8>>,
    writing: Arc<Writing>,
    /// The next frame goes to a terminal that shows something else.
    enters: bool,
    /// How often the terminal had been taken when it was entered last.
    times: u32,
}

/// What the writing thread tells.
#[derive(Debug, Default)]
struct Writing {
    busy: AtomicBool,
    failed: AtomicBool,
    done: Notify,
}

impl Screen {
    pub fn open() -> io::Result<Self> {
        let writing = Arc::new(Writing::default());
        let (frames, taken) = sync_channel(1);
        let told = Arc::clone(&writing);
        thread::Builder::new().name(String::from("output")).spawn(move || write_frames(&taken, &told))?;
        Ok(Self { terminal: Terminal::new(Paper::new())?, frames, writing, enters: true, times: guard::times_taken() })
    }

    /// Columns and rows of the next frame.
    pub fn room(&self) -> (u16, u16) {
        let Size { width, height } = self.terminal.backend().size;
        (width, height)
    }

    /// Whether the terminal has taken the last frame.
    pub fn is_ready(&self) -> bool {
        !self.writing.busy.load(Ordering::Acquire)
    }

    /// Returns when the terminal has taken a frame.
    pub async fn ready(&self) {
        self.writing.done.notified().await;
    }

    /// Whether the terminal can be written to no more.
    pub fn is_gone(&self) -> bool {
        self.writing.failed.load(Ordering::Acquire)
    }

    /// Draws a frame and hands over what differs from the last one; to be called when it is ready.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw)?;
        let drawn = std::mem::take(&mut self.terminal.backend_mut().bytes);
        if drawn.is_empty() {
            return Ok(());
        }
        let mut frame = Vec::with_capacity(drawn.len() + 64);
        if std::mem::take(&mut self.enters) {
            queue!(frame, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        }
        queue!(frame, BeginSynchronizedUpdate)?;
        frame.extend_from_slice(&drawn);
        queue!(frame, EndSynchronizedUpdate)?;
        self.writing.busy.store(true, Ordering::Release);
        self.frames.try_send(frame).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    /// The next frame draws every cell: the terminal changed its size, or shows something that is not ours.
    pub fn forget(&mut self) -> io::Result<()> {
        let times = guard::times_taken();
        self.enters |= std::mem::replace(&mut self.times, times) != times;
        self.terminal.backend_mut().measure();
        self.terminal.autoresize()?;
        self.terminal.clear()
    }
}

/// Held while a frame is written; true while the screen is not ours, and no frame may be written.
static CLOSED: Mutex<bool> = Mutex::new(false);

/// Frames may be written again.
pub(super) fn open() {
    *CLOSED.lock().unwrap_or_else(PoisonError::into_inner) = false;
}

/// Lets no further frame be written. False if the terminal takes no bytes, so that whoever writes to it would hang.
pub(super) fn close() -> bool {
    const PATIENCE: u32 = 50;
    const MOMENT: Duration = Duration::from_millis(10);
    for tried in 0..PATIENCE {
        let is_closed = match CLOSED.try_lock() {
            Err(TryLockError::WouldBlock) => false,
            Ok(mut closed) => {
                *closed = true;
                true
            }
            Err(TryLockError::Poisoned(poisoned)) => {
                *poisoned.into_inner() = true;
                true
            }
        };
        if is_closed && takes_bytes() {
            return true;
        }
        if tried > PATIENCE / 5 && !is_in_background() {
            // what it has not read so far makes way for what gives it back; and who waits to write is to look once more. A terminal
            // that is gone has nothing to drop
            let _ = tcflush(stdout(), QueueSelector::OFlush);
            let _ = tcflow(stdout(), Action::OOff);
            let _ = tcflow(stdout(), Action::OOn);
        }
        thread::park_timeout(MOMENT);
    }
    false
}

/// Columns and rows of the terminal.
pub fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// Whether the terminal takes bytes now; one that is stopped or gone does not.
pub fn takes_bytes() -> bool {
    let out = stdout();
    let mut watched = [PollFd::new(&out, PollFlags::OUT)];
    poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
}

fn write_frames(frames: &Receiver<Vec<u8>>, writing: &Writing) {
    while let Ok(frame) = frames.recv() {
        let closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        if !*closed && out.write_all(&frame).and_then(|()| out.flush()).is_err() {
            writing.failed.store(true, Ordering::Release);
        }
        drop((out, closed));
        writing.busy.store(false, Ordering::Release);
        writing.done.notify_one();
    }
}

/// A cell holds a character to be seen, and nothing that a terminal would obey: all sequences are this file's own.
fn tame(cell: &Cell) -> Cow<'_, Cell> {
    if !cell.symbol().contains(acts) {
        return Cow::Borrowed(cell);
    }
    let mut tame = cell.clone();
    tame.set_symbol(ACTED);
    Cow::Owned(tame)
}

/// What is shown of a character that would do something, and came past [`crate::text::SafeText`].
const ACTED: &str = "?";

/// A backend that writes to memory and never asks the terminal anything: an answer would come in as keys.
#[derive(Debug)]
struct Paper {
    bytes: Vec<u8>,
    size: Size,
}

impl Paper {
    fn new() -> Self {
        let mut paper = Self { bytes: Vec::new(), size: Size::new(80, 24) };
        paper.measure();
        paper
    }

    /// A terminal without a size keeps the last one that it had.
    fn measure(&mut self) {
        if let Ok(size) = tcgetwinsize(stdout())
            && size.ws_col > 0
            && size.ws_row > 0
        {
            self.size = Size::new(size.ws_col, size.ws_row);
        }
    }

    /// What is written on it goes through crossterm's commands.
    fn pen(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }
}

impl Backend for Paper {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let mut content = content.peekable();
        // crossterm resets colours after nothing too: an unchanged screen would cost bytes
        if content.peek().is_none() {
            return Ok(());
        }
        let tame: Vec<_> = content.map(|(x, y, cell)| (x, y, tame(cell))).collect();
        self.pen().draw(tame.iter().map(|(x, y, cell)| (*x, *y, &**cell)))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(()) // hidden from the start, and never shown: saying so again would be bytes in every frame
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, _: P) -> io::Result<()> {
        Ok(()) // no cursor is shown
    }

    fn clear(&mut self) -> io::Result<()> {
        self.pen().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.pen().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::*;

    #[test]
    fn a_cell_that_acts_is_drawn_as_a_sign() {
        let mut paper = Paper::new();
        let mut wide = Cell::default();
        wide.set_symbol("日").set_fg(Color::Red).modifier.insert(Modifier::BOLD);
        let cells = ["\x1b[2J", "\u{9b}2J", "a\u{202e}", "\x07", "e\u{301}", "\u{200b}"].map(|symbol| {
            let mut cell = Cell::default();
            cell.set_symbol(symbol);
            cell
        });
        let all = cells.iter().chain([&wide]).enumerate().map(|(x, cell)| (u16::try_from(x).unwrap(), 0, cell));
        paper.draw(all).unwrap();
        let drawn = String::from_utf8(paper.bytes).unwrap();
        assert!(!drawn.contains("2J") && !drawn.contains(['\u{202e}', '\u{9b}', '\x07', '\u{200b}']), "{drawn:?}");
        assert_eq!(drawn.matches(ACTED).count(), 5, "{drawn:?}");
        assert!(drawn.contains("e\u{301}") && drawn.contains('日'), "{drawn:?}");
    }
}
