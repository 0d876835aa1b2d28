//! Chance, from a seed: ids as AWS writes them, and spans of time. Knows not who bears the ids.

use fastrand::Rng;
use jiff::SignedDuration;

#[derive(Debug)]
pub(super) struct Ids(Rng);

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// A resource id of EC2: the prefix, `-`, and 17 hexadecimal digits.
    pub(super) fn ec2(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{}", self.hex(16))
    }

    /// A spot request's id: `sir-` and eight letters or digits.
    pub(super) fn spot_request(&mut self) -> String {
        format!("sir-{}", self.name(8))
    }

    /// An id of FIS: `EXT` or `EXP` and fifteen letters or digits.
    pub(super) fn fis(&mut self, prefix: &str) -> String {
        let rest: String = (0..15).map(|_| self.0.alphanumeric()).collect();
        format!("{prefix}{rest}")
    }

    /// An id of IAM: the prefix, e.g. `AROA`, and seventeen letters or digits.
    pub(super) fn iam(&mut self, prefix: &str) -> String {
        let mut letter = || self.0.choice(*b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").map_or('A', char::from);
        let rest: String = (0..17).map(|_| letter()).collect();
        format!("{prefix}{rest}")
    }

    pub(super) fn uuid(&mut self) -> String {
        let variant = *self.pick(&['8', '9', 'a', 'b']).unwrap_or(&'8');
        format!("{}-{}-4{}-{variant}{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }

    pub(super) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| self.0.digit(16)).collect()
    }

    /// Lower-case letters and digits, as Kubernetes' generated names have them.
    pub(super) fn name(&mut self, length: usize) -> String {
        (0..length).map(|_| self.0.digit(36)).collect()
    }

    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        self.0.choice(among)
    }

    /// Whether something happens that does so `percentage` times of a hundred.
    pub(super) fn chance(&mut self, percentage: u32) -> bool {
        self.0.u32(0..100) < percentage
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }

    /// A span from `low` to `high`, in whole milliseconds.
    pub(super) fn between(&mut self, low: SignedDuration, high: SignedDuration) -> SignedDuration {
        let (low, high) = (low.as_millis() as i64, high.as_millis() as i64);
        SignedDuration::from_millis(self.0.i64(low..=high.max(low)))
    }

    /// `about`, a quarter more or less at most.
    pub(super) fn around(&mut self, about: SignedDuration) -> SignedDuration {
        self.between(about * 3 / 4, about * 5 / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_those_of_aws_and_follow_from_the_seed() {
        let all = |seed| {
            let mut ids = Ids::new(seed);
            [ids.ec2("i"), ids.spot_request(), ids.fis("EXP"), ids.uuid()]
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        assert_eq!(all(1).map(|id| id.len()), [19, 12, 18, 36]);
    }

    #[test]
    fn spans_stay_in_their_range() {
        let (low, high) = (SignedDuration::from_secs(25), SignedDuration::from_secs(55));
        let mut ids = Ids::new(7);
        assert!((0..1_000).map(|_| ids.between(low, high)).all(|span| span >= low && span <= high));
        assert_eq!(ids.between(low, low), low);
        assert_eq!(ids.around(SignedDuration::ZERO), SignedDuration::ZERO);
    }
}
