//! Things by id, in the order of their making, and which of them have changed. Knows not what they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What can be listed.
pub(in crate::lab) trait Listed {
    /// Rises with each thing that is made.
    fn order(&self) -> u64;
    fn id(&self) -> &str;
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Listing<T> {
    by_order: BTreeMap<u64, T>,
    orders: HashMap<String, u64>,
    /// The ids of what changed since it was last asked; none if nobody asks.
    changed: Option<BTreeSet<String>>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { by_order: BTreeMap::new(), orders: HashMap::new(), changed: None }
    }
}

impl<T: Listed> Listing<T> {
    pub(in crate::lab) fn get(&self, id: &str) -> Option<&T> {
        self.by_order.get(self.orders.get(id)?)
    }

    pub(in crate::lab) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.note(id);
        self.by_order.get_mut(self.orders.get(id)?)
    }

    /// Those with these ids, or all if there are none, in the order of their making from the one after `order` on.
    pub(in crate::lab) fn some(&self, ids: &[&str], order: u64) -> Box<dyn Iterator<Item = &T> + '_> {
        if ids.is_empty() {
            return Box::new(self.by_order.range(order.saturating_add(1)..).map(|(_, item)| item));
        }
        let mut places: Vec<u64> = ids.iter().filter_map(|id| self.orders.get(*id).copied()).collect();
        places.sort_unstable();
        places.dedup();
        Box::new(places.into_iter().filter(move |place| *place > order).filter_map(|place| self.by_order.get(&place)))
    }

    pub(in crate::lab) fn iter(&self) -> impl Iterator<Item = &T> {
        self.by_order.values()
    }

    pub(in crate::lab) fn insert(&mut self, item: T) {
        self.note(item.id());
        self.orders.insert(item.id().to_owned(), item.order());
        self.by_order.insert(item.order(), item);
    }

    pub(in crate::lab) fn remove(&mut self, id: &str) {
        self.note(id);
        if let Some(order) = self.orders.remove(id) {
            self.by_order.remove(&order);
        }
    }

    /// What changed since it was last asked; from the first time on, changes are noted.
    pub(in crate::lab) fn take_changed(&mut self) -> BTreeSet<String> {
        self.changed.replace(BTreeSet::new()).unwrap_or_default()
    }

    fn note(&mut self, id: &str) {
        if let Some(changed) = &mut self.changed {
            changed.insert(id.to_owned());
        }
    }
}
