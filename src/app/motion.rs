//! How a cursor and a scrolled list move. Knows no list and no height of a screen.

/// One movement; the steps are fixed because the model does not know how tall the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Motion {
    Up,
    Down,
    First,
    Last,
    PageUp,
    PageDown,
    HalfUp,
}

const PAGE: usize = 10;

impl Motion {
    /// Where a cursor at `at` among `len` comes to stand.
    pub fn from(self, at: usize, len: usize) -> usize {
        let to = match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => at + 1,
            Self::First => 0,
            Self::Last => len,
            Self::PageUp => at.saturating_sub(PAGE),
            Self::PageDown => at + PAGE,
            Self::HalfUp => at.saturating_sub(PAGE / 2),
        };
        to.min(len.saturating_sub(1))
    }
}

/// A list that grows at its end, and how far back one looks; at zero it follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// How many of the newest lines are below what is seen.
    pub back: usize,
}

impl Tail {
    pub fn follows(self) -> bool {
        self.back == 0
    }

    pub fn follow(&mut self) {
        self.back = 0;
    }

    /// A line was added: what one looks at stays where it is.
    pub fn grown(&mut self) {
        if !self.follows() {
            self.back += 1;
        }
    }

    pub fn scroll(&mut self, motion: Motion, len: usize) {
        let last = len.saturating_sub(1);
        self.back = last - motion.from(last - self.back.min(last), len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_stays_in_its_list() {
        assert_eq!(Motion::Down.from(2, 3), 2);
        assert_eq!(Motion::Up.from(0, 3), 0);
        assert_eq!(Motion::Last.from(0, 3), 2);
        assert_eq!(Motion::PageDown.from(0, 0), 0);
    }

    #[test]
    fn what_one_looks_at_stays_while_lines_come() {
        let mut tail = Tail::default();
        tail.grown();
        assert!(tail.follows());
        tail.scroll(Motion::Up, 30);
        tail.grown();
        assert_eq!(tail.back, 2);
        tail.scroll(Motion::First, 31);
        assert_eq!(tail.back, 30);
        tail.scroll(Motion::Last, 31);
        assert!(tail.follows());
    }
}
