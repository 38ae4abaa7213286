//! A value of a file with its place.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Error, ValueDeserializer};

use crate::money::notation::in_file;

/// A value of a file with its place.
#[derive(Clone, Copy)]
pub(super) struct Node<'t>(pub(super) &'t Spanned<DeValue<'t>>);

impl<'t> Node<'t> {
    /// Reads the value as a type; a mistake has its place.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        in_file(|| T::deserialize(ValueDeserializer::from(self.0.clone())))
    }

    /// Gives the place of the value.
    pub(super) fn span(self) -> Range<usize> {
        self.0.span()
    }

    /// Gives the value of a key, if the value is a table that has it.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.0.get_ref().get(key).map(Node)
    }

    /// Gives the value of a key; the table itself where it has none, since that is where it is missing.
    pub(super) fn at(self, key: &str) -> Self {
        self.get(key).unwrap_or(self)
    }

    /// Lists the keys of a table.
    pub(super) fn keys(self) -> impl Iterator<Item = &'t Spanned<DeString<'t>>> {
        self.0.get_ref().as_table().into_iter().flat_map(DeTable::keys)
    }

    /// Lists the values of an array.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        self.0.get_ref().as_array().into_iter().flat_map(|items| items.iter()).map(Node)
    }
}
