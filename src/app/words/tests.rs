use super::*;
use crate::app::keymap::chord::Key;

fn words() -> Words {
    Words::new(String::from("web-spot 1"), "nothing was started")
}

fn armed() -> Words {
    let mut words = words();
    for _ in 0..ARMING_TICKS {
        words.tick();
    }
    words
}

fn type_in(words: &mut Words, text: &str, characters_per_tick: usize) {
    for (number, character) in text.chars().enumerate() {
        words.type_in(Chord::plain(Key::Char(character)));
        if (number + 1) % characters_per_tick == 0 {
            words.tick();
        }
    }
}

#[test]
fn only_the_whole_words_start() {
    let mut words = armed();
    for (text, complaint) in [("", "type the words"), ("web-spot", "not complete"), ("x", "not the words")] {
        type_in(&mut words, text, 2);
        assert_eq!(words.typed(), None, "{text}");
        assert!(words.complaint.as_ref().unwrap().contains(complaint), "{:?}", words.complaint);
    }
    words.input.reset();
    type_in(&mut words, "web-spot 1", 3);
    assert!(words.is_complete());
    assert_eq!(words.typed().as_deref(), Some("web-spot 1"));
}

#[test]
fn case_and_blanks_count() {
    for text in ["WEB-SPOT 1", "web-spot  1", " web-spot 1", "web-spot 1 "] {
        let mut words = armed();
        type_in(&mut words, text, 1);
        assert_eq!(words.typed(), None, "{text:?}");
    }
}

#[test]
fn nothing_counts_before_the_field_is_armed() {
    let mut words = words();
    for _ in 1..ARMING_TICKS {
        words.tick();
        type_in(&mut words, "web", 8);
        assert_eq!(words.typed(), None);
    }
    assert_eq!(words.input.value(), "");
    assert!(words.tick(), "arming is seen");
    type_in(&mut words, "web-spot 1", 3);
    assert!(words.typed().is_some());
}

#[test]
fn a_paste_never_counts_and_takes_what_was_typed_with_it() {
    let mut words = armed();
    type_in(&mut words, "web-spot", 2);
    words.pasted();
    assert_eq!(words.input.value(), "");
    assert_eq!(words.typed(), None);
}

#[test]
fn what_fingers_typed_may_arrive_in_one_burst() {
    let mut words = armed();
    type_in(&mut words, "web-spot 1", 100);
    assert!(words.typed().is_some());
}

#[test]
fn a_letter_that_looks_like_another_is_another_and_is_named() {
    let mut words = Words::new(String::from("wеb 3"), "nothing was started"); // a Cyrillic е
    assert_eq!(words.complaint.as_deref(), Some("look-alikes do not count: е U+0435"));
    while !words.is_armed() {
        words.tick();
    }
    type_in(&mut words, "web 3", 2);
    assert_eq!(words.typed(), None);
    let complaint = words.complaint.unwrap();
    assert!(complaint.contains("`е` (U+0435) is wanted where `e` (U+0065) is"), "{complaint}");
}
