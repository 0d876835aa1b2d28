//! Finds what a key means where it is pressed. Knows the key table and nothing of the screens.

pub mod chord;
pub mod table;

use std::fmt::Write;

use chord::Chord;
use table::{Binding, Intent, Layer, TABLE};

/// The table, made ready for matching.
#[derive(Clone, Debug)]
pub struct Keymap(Vec<(Layer, Chord, Intent)>);

impl Default for Keymap {
    fn default() -> Self {
        let chords = |binding: &'static Binding| {
            let parsed = binding.keys.iter().filter_map(|key| key.parse().ok());
            parsed.map(|chord| (binding.layer, chord, binding.intent))
        };
        Self(TABLE.iter().flat_map(chords).collect())
    }
}

impl Keymap {
    /// What the key means in the first of these layers that knows it.
    pub fn intent(&self, layers: &[Layer], chord: Chord) -> Option<Intent> {
        let in_layer = |layer: &Layer| {
            self.0.iter().find(|(of, key, _)| of == layer && *key == chord).map(|(_, _, intent)| *intent)
        };
        layers.iter().find_map(in_layer)
    }
}

/// The rows of these layers, in the order of the layers.
pub fn bindings(layers: &[Layer]) -> impl Iterator<Item = &'static Binding> {
    layers.iter().flat_map(|layer| TABLE.iter().filter(move |binding| binding.layer == *layer))
}

/// The table for the README.
pub fn markdown() -> String {
    let mut text = String::from("| key | where | what |\n|---|---|---|\n");
    for Binding { keys, layer, help, .. } in TABLE {
        let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        let _ = writeln!(text, "| {} | {} | {help} |", keys.join(" "), layer.title());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_key_can_be_read_and_means_one_thing_in_its_layer() {
        let mut seen = HashSet::new();
        for binding in TABLE {
            for key in binding.keys {
                let chord: Chord = key.parse().unwrap_or_else(|bad| panic!("{}: {bad}", binding.id));
                assert!(seen.insert((binding.layer, chord)), "{key} twice in {:?}", binding.layer);
                assert!(!["ctrl-d", "ctrl-k"].contains(key), "{key} deletes or kills elsewhere");
            }
        }
    }

    #[test]
    fn every_intent_is_named_once_and_explained() {
        let mut ids = HashSet::new();
        for binding in TABLE {
            assert!(ids.insert(binding.id), "{} twice", binding.id);
            assert!(!binding.help.is_empty() && !binding.keys.is_empty(), "{}", binding.id);
            assert!((1..=12).contains(&binding.label.chars().count()), "{}: label", binding.id);
        }
    }

    #[test]
    fn the_first_layer_that_knows_a_key_wins() {
        let keymap = Keymap::default();
        let down = "down".parse().unwrap();
        assert_eq!(keymap.intent(&[Layer::Filter, Layer::Lists], down), Some(Intent::KeepFilter));
        assert_eq!(keymap.intent(&[Layer::Fleet], down), None);
    }

    #[test]
    fn the_readme_gets_every_row() {
        assert_eq!(markdown().lines().count(), TABLE.len() + 2);
    }
}
