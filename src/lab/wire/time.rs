//! The ways AWS writes a time. Knows no clock.

use jiff::Timestamp;

/// As EC2 and the lab's own header write it: `2018-04-30T18:16:21.000Z`.
pub(in crate::lab) fn iso_millis(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// As EventBridge writes it: `2022-04-06T14:08:44Z`.
pub(in crate::lab) fn iso_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As the header `Date` wants it (RFC 9110's IMF-fixdate): `Sun, 22 Nov 2026 17:04:37 GMT`.
pub(in crate::lab) fn imf_fixdate(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// As FIS writes it: seconds since 1970 with a fraction of milliseconds.
pub(in crate::lab) fn epoch_seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_ways_to_write_one_time() {
        let time: Timestamp = "2026-11-02T07:04:05.060Z".parse().unwrap();
        assert_eq!(iso_millis(time), "2026-11-02T07:04:05.060Z");
        assert_eq!(iso_seconds(time), "2026-11-02T07:04:05Z");
        assert_eq!(imf_fixdate(time), "Mon, 02 Nov 2026 07:04:05 GMT");
        assert!((epoch_seconds(time) - 1_793_603_045.060).abs() < 1e-6, "{}", epoch_seconds(time));
    }

    #[test]
    fn a_whole_second_keeps_its_milliseconds() {
        assert_eq!(iso_millis("2018-04-30T18:16:21Z".parse().unwrap()), "2018-04-30T18:16:21.000Z");
    }
}
