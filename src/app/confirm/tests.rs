use super::*;
use crate::{
    drill::{
        fleet::{GroupKey, GroupKind, World},
        id::InstanceId,
        plan::Target,
        warning::Warning,
    },
    text::SafeText,
};

fn confirm() -> Confirm {
    let target = Target {
        id: InstanceId::new("i-1"),
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new("eu-west-1a"),
        group: GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new("web-spot"), cluster: None },
        spot_request: None,
        behavior: None,
    };
    Confirm::new(Plan {
        account: SafeText::new("123456789012"),
        region: SafeText::new("eu-west-1"),
        world: World::Aws,
        targets: vec![target],
        out_of: 3,
        warning: Warning::LEAST,
        seed: None,
        as_is: None,
    })
}

fn armed() -> Confirm {
    let mut confirm = confirm();
    for _ in 0..ARMING_TICKS {
        confirm.tick();
    }
    confirm
}

fn type_in(confirm: &mut Confirm, text: &str, characters_per_tick: usize) {
    for (number, character) in text.chars().enumerate() {
        confirm.type_in(Chord::plain(crate::app::keymap::chord::Key::Char(character)));
        if (number + 1) % characters_per_tick == 0 {
            confirm.tick();
        }
    }
}

#[test]
fn only_the_whole_words_start() {
    let mut confirm = armed();
    for (text, complaint) in [("", "type the words"), ("web-spot", "not complete"), ("x", "not the words")] {
        type_in(&mut confirm, text, 2);
        assert_eq!(confirm.words(), None, "{text}");
        assert!(confirm.complaint.as_ref().unwrap().contains(complaint), "{:?}", confirm.complaint);
    }
    confirm.input.reset();
    type_in(&mut confirm, "web-spot 1", 3);
    assert!(confirm.is_complete());
    assert_eq!(confirm.words().as_deref(), Some("web-spot 1"));
}

#[test]
fn case_and_blanks_count() {
    for text in ["WEB-SPOT 1", "web-spot  1", " web-spot 1", "web-spot 1 "] {
        let mut confirm = armed();
        type_in(&mut confirm, text, 1);
        assert_eq!(confirm.words(), None, "{text:?}");
    }
}

#[test]
fn nothing_counts_before_the_field_is_armed() {
    let mut confirm = confirm();
    for _ in 1..ARMING_TICKS {
        confirm.tick();
        type_in(&mut confirm, "web", 8);
        assert_eq!(confirm.words(), None);
    }
    assert_eq!(confirm.input.value(), "");
    assert!(confirm.tick(), "arming is seen");
    type_in(&mut confirm, "web-spot 1", 3);
    assert!(confirm.words().is_some());
}

#[test]
fn a_paste_never_counts_and_takes_what_was_typed_with_it() {
    let mut confirm = armed();
    type_in(&mut confirm, "web-spot", 2);
    confirm.pasted();
    assert_eq!(confirm.input.value(), "");
    assert_eq!(confirm.words(), None);
}

#[test]
fn what_fingers_typed_may_arrive_in_one_burst() {
    let mut confirm = armed();
    type_in(&mut confirm, "web-spot 1", 100);
    assert!(confirm.words().is_some());
}
