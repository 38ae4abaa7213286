//! Lists: newest first, a page at a time.

use serde_json::{Value, json};

use super::error::StripeError;
use super::model::Object;
use super::params::{Params, Read};

/// Times within bounds.
#[derive(Debug, Default)]
pub struct Created {
    from: Option<i64>,
    to: Option<i64>,
}

impl Created {
    /// `created=5`, `created[gte]=5`.
    pub fn of(params: &mut Params) -> Read<Self> {
        if params.is_text("created") {
            let time = params.int("created")?;
            return Ok(Self { from: time, to: time });
        }
        let Some(mut bounds) = params.object("created")? else { return Ok(Self::default()) };
        let from = [bounds.int("gte")?, bounds.int("gt")?.map(|time| time + 1)].into_iter().flatten().max();
        let to = [bounds.int("lte")?, bounds.int("lt")?.map(|time| time - 1)].into_iter().flatten().min();
        bounds.finish()?;
        Ok(Self { from, to })
    }

    /// Whether a time is inside.
    pub fn holds(&self, time: i64) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to)
    }
}

/// Where a page begins and how long it is.
#[derive(Debug)]
pub struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
}

impl Page {
    /// `limit`, `starting_after`, `ending_before`.
    pub fn of(params: &mut Params) -> Read<Self> {
        let limit = params.int("limit")?.unwrap_or(10);
        let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit)).ok_or_else(|| {
            StripeError::invalid("limit", "Invalid integer: limit must be between 1 and 100.")
                .code("parameter_invalid_integer")
        })?;
        Ok(Self { limit, starting_after: params.text("starting_after")?, ending_before: params.text("ending_before")? })
    }

    /// The page of what fits, which is newest first.
    pub fn list<'a, T: Object + 'a>(
        &self,
        url: &str,
        fitting: impl Iterator<Item = &'a T>,
        render: impl Fn(&T) -> Value,
    ) -> Read<Value> {
        let fitting: Vec<&T> = fitting.collect();
        let place = |id: &Option<String>, param| match id {
            None => Ok(None),
            Some(id) => match fitting.iter().position(|row| row.id() == id) {
                Some(place) => Ok(Some(place)),
                None => Err(StripeError::no_such(400, T::NAME, id, param)),
            },
        };
        let after = place(&self.starting_after, "starting_after")?.map_or(0, |place| place + 1);
        let before = place(&self.ending_before, "ending_before")?;
        let (from, to) = match before {
            Some(before) => (before.saturating_sub(self.limit), before),
            None => (after, fitting.len().min(after + self.limit)),
        };
        let has_more = if before.is_some() { from > 0 } else { to < fitting.len() };
        let data: Vec<Value> = fitting[from..to].iter().map(|row| render(row)).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::model::Customer;

    fn ids(list: &Value) -> Vec<&str> {
        list["data"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
    }

    #[test]
    fn pages_follow_each_other() {
        let rows: Vec<Customer> =
            ["c", "b", "a"].iter().map(|id| Customer { id: (*id).to_owned(), ..Customer::default() }).collect();
        let page = |form| Page::of(&mut Params::of(form)).unwrap();
        let list = |form| page(form).list("/v1/customers", rows.iter(), |row| json!(row.id)).unwrap();
        assert_eq!(ids(&list("limit=2")), ["c", "b"]);
        assert_eq!(list("limit=2")["has_more"], true);
        assert_eq!(ids(&list("limit=2&starting_after=b")), ["a"]);
        assert_eq!(list("limit=2&starting_after=b")["has_more"], false);
        assert_eq!(ids(&list("limit=1&ending_before=a")), ["b"]);
        assert!(Page::of(&mut Params::of("limit=0")).is_err());
    }

    #[test]
    fn times_have_bounds() {
        let created = Created::of(&mut Params::of("created[gte]=5&created[lt]=7")).unwrap();
        assert_eq!([4, 5, 6, 7].map(|time| created.holds(time)), [false, true, true, false]);
    }
}
