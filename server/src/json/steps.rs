//! Where in a JSON text something stands.

use std::cell::RefCell;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field of an object.
    Name(String),
    /// An element of a list.
    Place(usize),
}

/// Where a value stands: kept on the way out of an error, so that reading without one costs nothing.
#[derive(Debug, Default)]
pub(super) struct Track(RefCell<Vec<Step>>);

impl Track {
    /// Adds the step that leads to what was just left.
    pub(super) fn note(&self, step: Step) {
        self.0.borrow_mut().push(step);
    }

    /// Gives the path from the outermost step on.
    pub(super) fn path(&self) -> Vec<Step> {
        self.0.borrow().iter().rev().cloned().collect()
    }
}
