//! The deserializer that wraps another one and makes it strict.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::steps::{Step, Track};

/// The largest whole number up to which a number with a point is exact.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// The name under which `serde_json` hands a text of JSON through; as a field's name it would smuggle a value in.
const RAW: &str = "$serde_json::private::RawValue";
/// What is said of a name that stands in an object twice.
pub(super) const TWICE: &str = "this name stands here twice";
/// What is said of an explicit null.
pub(super) const NULL: &str = "null is no value: give one, or leave the field out";

/// What a type expects, in words for callers.
#[derive(Clone, Copy, Debug)]
enum Want {
    Any,
    Object,
    List,
    Text,
    Flag,
    Integer(i64, u64),
    Word(&'static [&'static str]),
}

impl Expected for Want {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("another value"),
            Self::Object => formatter.write_str("an object"),
            Self::List => formatter.write_str("a list"),
            Self::Text => formatter.write_str("a text"),
            Self::Flag => formatter.write_str("true or false"),
            Self::Integer(least, most) => write!(formatter, "a whole number from {least} to {most}"),
            Self::Word(words) => write!(formatter, "one of {}", words.join(", ")),
        }
    }
}

/// A strict deserializer around another one.
pub(super) struct Strict<'t, D> {
    inner: D,
    track: &'t Track,
}

impl<'t, D> Strict<'t, D> {
    pub(super) const fn new(inner: D, track: &'t Track) -> Self {
        Self { inner, track }
    }

    const fn visit<V>(&self, visitor: V, want: Want) -> Visit<'t, V> {
        Visit { visitor, want, track: self.track }
    }
}

/// Forwards integers with their bounds.
macro_rules! integers {
    ($($method:ident $kind:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            let want = Want::Integer(i64::try_from(<$kind>::MIN).unwrap_or(0), u64::try_from(<$kind>::MAX).unwrap_or(u64::MAX));
            let visit = self.visit(visitor, want);
            self.inner.$method(visit)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visit = self.visit(visitor, Want::Any);
        self.inner.deserialize_any(visit)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visit = self.visit(visitor, Want::Flag);
        self.inner.deserialize_bool(visit)
    }

    integers!(
        deserialize_i8 i8, deserialize_i16 i16, deserialize_i32 i32, deserialize_i64 i64,
        deserialize_u8 u8, deserialize_u16 u16, deserialize_u32 u32, deserialize_u64 u64
    );

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visit = self.visit(visitor, Want::Text);
        self.inner.deserialize_str(visit)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visit = self.visit(visitor, Want::Text);
        self.inner.deserialize_string(visit)
    }

    /// A field that may be left out: null is not the same as that.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visit = self.visit(visitor, Want::Any);
        self.inner.deserialize_option(visit)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visit = self.visit(visitor, Want::List);
        self.inner.deserialize_seq(visit)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visit = self.visit(visitor, Want::Object);
        self.inner.deserialize_map(visit)
    }

    /// An object; never an array with its values in a row.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    /// One of several words, as a text.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Word { visitor, variants })
    }

    /// A wrapper of one value; what keeps its JSON as text (`RawValue`) has a way of its own.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        if name == RAW {
            return self.inner.deserialize_newtype_struct(name, visitor);
        }
        let visit = self.visit(visitor, Want::Any);
        self.inner.deserialize_newtype_struct(name, visit)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! { i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The visitor that hears what stands there: it refuses what the type does not want, and wraps what lies within.
struct Visit<'t, V> {
    visitor: V,
    want: Want,
    track: &'t Track,
}

impl<V> Visit<'_, V> {
    /// Lets a kind of value through, or says what was expected.
    fn only<E: Error>(&self, fits: bool, found: Unexpected<'_>) -> Result<(), E> {
        if fits || matches!(self.want, Want::Any) { Ok(()) } else { Err(E::invalid_type(found, &self.want)) }
    }

    const fn wants_integer(&self) -> bool {
        matches!(self.want, Want::Integer(..))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Visit<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.want {
            Want::Any => self.visitor.expecting(formatter),
            want => Expected::fmt(&want, formatter),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.only(matches!(self.want, Want::Flag), Unexpected::Bool(value))?;
        self.visitor.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.only(self.wants_integer(), Unexpected::Signed(value))?;
        let want = self.want;
        self.visitor.visit_i64(value).map_err(|error| bounds(error, want, Unexpected::Signed(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.only(self.wants_integer(), Unexpected::Unsigned(value))?;
        let want = self.want;
        self.visitor.visit_u64(value).map_err(|error| bounds(error, want, Unexpected::Unsigned(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        if !self.wants_integer() {
            self.only(false, Unexpected::Float(value))?;
            return self.visitor.visit_f64(value);
        }
        match whole(value) {
            Some(whole) => self.visit_i64(whole),
            None => Err(E::invalid_type(Unexpected::Float(value), &self.want)),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        self.only(matches!(self.want, Want::Text), Unexpected::Str(value))?;
        self.visitor.visit_str(value)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.only(matches!(self.want, Want::Text), Unexpected::Str(value))?;
        self.visitor.visit_borrowed_str(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<V::Value, E> {
        self.only(matches!(self.want, Want::Text), Unexpected::Str(&value))?;
        self.visitor.visit_string(value)
    }

    /// An explicit null in a field that may be left out.
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        Err(E::custom(NULL))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict::new(inner, self.track))
    }

    /// A null where any value may stand.
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.only(false, Unexpected::Unit)?;
        self.visitor.visit_unit()
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict::new(inner, self.track))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.only(matches!(self.want, Want::List), Unexpected::Seq)?;
        self.visitor.visit_seq(List { inner, track: self.track, place: 0 })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.only(matches!(self.want, Want::Object), Unexpected::Map)?;
        self.visitor.visit_map(Object { inner, track: self.track, names: BTreeSet::new(), name: String::new() })
    }
}

/// Says the bounds of a whole number where its type refused it.
fn bounds<E: Error>(error: E, want: Want, found: Unexpected<'_>) -> E {
    if matches!(want, Want::Integer(..)) { E::invalid_type(found, &want) } else { error }
}

/// Gives the whole number that a number with a point or an exponent is: `1.0`, `1e0`.
fn whole(value: f64) -> Option<i64> {
    // Within the bounds its digits are the number itself.
    if value.fract() == 0.0 && value.abs() <= EXACT_MAX { format!("{value:.0}").parse().ok() } else { None }
}

/// One of several words.
struct Word<V> {
    visitor: V,
    variants: &'static [&'static str],
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Word<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Expected::fmt(&Want::Word(self.variants), formatter)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<V::Value, E> {
        if !self.variants.contains(&word) {
            return Err(E::invalid_type(Unexpected::Str(word), &Want::Word(self.variants)));
        }
        self.visitor.visit_enum(WordAccess(word.to_owned().into_deserializer()))
    }
}

/// A word as serde wants its enums.
struct WordAccess<E>(StringDeserializer<E>);

impl<'de, E: Error> EnumAccess<'de> for WordAccess<E> {
    type Error = E;
    type Variant = <StringDeserializer<E> as EnumAccess<'de>>::Variant;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), E> {
        self.0.variant_seed(seed)
    }
}

/// The elements of a list.
struct List<'t, A> {
    inner: A,
    track: &'t Track,
    place: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for List<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let (track, place) = (self.track, self.place);
        self.place = place.saturating_add(1);
        let element = self.inner.next_element_seed(Within { seed, track });
        element.inspect_err(|_| track.note(Step::Place(place)))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The fields of an object.
struct Object<'t, A> {
    inner: A,
    track: &'t Track,
    /// The names so far.
    names: BTreeSet<String>,
    /// The name whose value comes next.
    name: String,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Object<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(name) = self.inner.next_key::<String>()? else { return Ok(None) };
        let wrong = if self.names.contains(&name) {
            Some(TWICE)
        } else if name == RAW {
            Some("this name is reserved")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.track.note(Step::Name(name));
            return Err(A::Error::custom(wrong));
        }
        self.names.insert(name.clone());
        self.name.clone_from(&name);
        let key: StringDeserializer<A::Error> = name.into_deserializer();
        let key = seed.deserialize(key).inspect_err(|_| self.track.note(Step::Name(self.name.clone())))?;
        Ok(Some(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let track = self.track;
        let value = self.inner.next_value_seed(Within { seed, track });
        value.inspect_err(|_| track.note(Step::Name(std::mem::take(&mut self.name))))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// What lies within another value is read strictly, too.
struct Within<'t, T> {
    seed: T,
    track: &'t Track,
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Within<'_, T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T::Value, D::Error> {
        self.seed.deserialize(Strict::new(inner, self.track))
    }
}
