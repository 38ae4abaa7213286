//! Strict JSON: what is read, what is refused and in which words, and the canonical text.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::*;
use crate::api::Amount;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Job {
    operation: String,
    #[serde(default)]
    params: Map<String, Value>,
    #[serde(default)]
    count: i64,
    #[serde(default)]
    seconds: Option<u16>,
    #[serde(default)]
    amount: Option<Amount>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default)]
    period: Period,
    #[serde(default)]
    lock: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Line {
    size: u32,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Period {
    #[default]
    Day,
    Month,
}

fn read(text: &str) -> Result<Job, (String, String)> {
    from_slice(text.as_bytes()).map_err(|error| (error.field, error.message))
}

fn refused(text: &str) -> (String, String) {
    read(text).expect_err(text)
}

#[test]
fn an_object_is_an_object_at_every_depth() {
    assert_eq!(refused(r#"["gpt-5",{},3]"#), (String::new(), "Expected an object, not a list.".to_owned()));
    let (field, message) = refused(r#"{"operation":"a","lines":[{"size":1},[2]]}"#);
    assert_eq!((field.as_str(), message.as_str()), ("lines[1]", "Expected an object, not a list."));
    assert_eq!(refused(r#"{"operation":"a","params":[]}"#).0, "params");
    assert_eq!(refused(r#"{"operation":"a","lines":{}}"#).1, "Expected a list, not an object.");
    assert_eq!(refused(r#"{"operation":"a","period":{"month":null}}"#).0, "period", "a word is a text");
}

#[test]
fn null_is_not_absent() {
    for field in ["amount", "seconds", "count", "lines", "params", "period", "lock"] {
        assert!(read(r#"{"operation":"a"}"#).is_ok());
        let (named, message) = refused(&format!(r#"{{"operation":"a","{field}":null}}"#));
        assert!(
            named == field && message.to_lowercase().contains("null") || field == "amount",
            "{field}: {named} {message}"
        );
        assert_eq!(named, field);
    }
    assert!(read(r#"{"operation":"a","params":{"x":null}}"#).is_ok(), "the rule of the operation judges its params");
}

#[test]
fn whole_numbers_may_be_written_with_a_point() {
    for one in ["1", "1.0", "1e0", "10e-1", "1.000"] {
        let job = read(&format!(r#"{{"operation":"a","count":{one},"seconds":{one}}}"#)).expect(one);
        assert_eq!((job.count, job.seconds), (1, Some(1)), "{one}");
    }
    for not in ["1.5", "1e400", "\"1\"", "true", "9007199254740993.0"] {
        assert!(read(&format!(r#"{{"operation":"a","count":{not}}}"#)).is_err(), "{not}");
    }
    let (field, message) = refused(r#"{"operation":"a","seconds":65536}"#);
    let told = "Expected a whole number from 0 to 65535, not 65536.";
    assert_eq!((field.as_str(), message.as_str()), ("seconds", told));
}

#[test]
fn amounts_are_exact_however_they_are_written() {
    for (text, amount) in [
        ("1.0", "1"),
        ("1e3", "1000"),
        ("1e-6", "0.000001"),
        ("2.50", "2.5"),
        ("9223372036854.775807", "9223372036854.775807"),
    ] {
        let job = read(&format!(r#"{{"operation":"a","amount":{text}}}"#)).expect(text);
        assert_eq!(job.amount.map(|amount| amount.0.to_string()).as_deref(), Some(amount));
    }
    for text in ["1e-7", "\"1\"", "[1]", "{}", "1e30", "true"] {
        assert_eq!(refused(&format!(r#"{{"operation":"a","amount":{text}}}"#)).0, "amount", "{text}");
    }
}

#[test]
fn each_name_stands_once_at_every_depth() {
    let cases = [
        (r#"{"operation":"a","operation":"a"}"#, "operation"),
        (r#"{"operation":"a","params":{"x":1,"x":1}}"#, "params.x"),
        (r#"{"operation":"a","params":{"x":[0,{"y":{"z":1,"z":2}}]}}"#, "params.x[1].y.z"),
        (r#"{"operation":"a","lines":[{"size":1,"size":1}]}"#, "lines[0].size"),
    ];
    for (text, path) in cases {
        let (field, message) = refused(text);
        assert_eq!((field.as_str(), message.as_str()), (path, "This name stands here twice."), "{text}");
    }
    let hidden = r#"{"operation":"a","params":{"$serde_json::private::RawValue":"{}"}}"#;
    assert!(read(hidden).is_err(), "no value is smuggled in as a text");
}

#[test]
fn messages_name_the_path_and_no_type_of_ours() {
    let cases = [
        (r#"{"operation":7}"#, "operation", "Expected a text, not 7."),
        (r#"{}"#, "operation", "This field is required."),
        (r#"{"operation":"a","lines":[{}]}"#, "lines[0].size", "This field is required."),
        (
            r#"{"operation":"a","lines":[{"size":1,"colour":2}]}"#,
            "lines[0].colour",
            "There is no such field. Known are size.",
        ),
        (r#"{"operation":"a","period":"year"}"#, "period", "Expected one of day, month, not the text \"year\"."),
        (r#"{"operation":"a","lock":"yes"}"#, "lock", "Expected true or false, not the text \"yes\"."),
        (
            r#"{"operation":"a","lines":[{"size":-1}]}"#,
            "lines[0].size",
            "Expected a whole number from 0 to 4294967295, not -1.",
        ),
    ];
    for (text, path, told) in cases {
        assert_eq!(refused(text), (path.to_owned(), told.to_owned()), "{text}");
    }
    for text in ["", "{", "nul", "[1,]"] {
        let (field, message) = refused(text);
        assert!(field.is_empty() && !message.contains("Job") && !message.contains("struct"), "{text}: {message}");
    }
}

#[test]
fn paths_of_refusals_are_written_alike() {
    for (field, written) in
        [("lines.2.params.size", "lines[2].params.size"), ("events.0", "events[0]"), ("", ""), ("of", "of")]
    {
        assert_eq!(path(field), written);
    }
}

#[test]
fn params_of_an_address_are_read_alike() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: Option<u16>,
        cursor: Option<String>,
    }
    let asked: Asked = from_query("limit=5&cursor=c_1").expect("read");
    assert_eq!((asked.limit, asked.cursor.as_deref()), (Some(5), Some("c_1")));
    let of = |query: &str| from_query::<Asked>(query).expect_err(query);
    assert_eq!(of("colour=red").field, "colour");
    assert_eq!(of("limit=1&limit=2").field, "limit");
    assert_eq!(
        of("limit=many"),
        ReadError { field: "limit".to_owned(), message: "Expected a whole number.".to_owned() }
    );
}

#[test]
fn one_text_for_all_spellings() {
    let same = canonical(br#" {"b":[1.0,"\u0041"],"a":{"y":2e1,"x":-0.50}} "#);
    assert_eq!(same.as_deref(), Some(r#"{"a":{"x":-0.5,"y":20},"b":[1,"A"]}"#));
    let digits = |text: &str| canonical(format!(r#"{{"amount":{text}}}"#).as_bytes());
    assert_ne!(digits("1234567890123.000001"), digits("1234567890123.000002"), "no digit is lost");
    assert_eq!(digits("1E+2"), digits("100"));
    assert_eq!(canonical(b"{"), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in any::<i64>(), text in ".*", seconds in any::<u16>()) {
        let json = serde_json::json!({ "operation": text, "count": value, "seconds": seconds }).to_string();
        let job = read(&json).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        prop_assert_eq!((job.operation, job.count, job.seconds), (text, value, Some(seconds)));
    }

    #[test]
    fn canonical_says_what_serde_says(value in any::<i64>(), name in "[a-z]{1,5}", text in ".*") {
        let json = serde_json::json!({ name: value, "z": [text, null, true] });
        prop_assert_eq!(canonical(json.to_string().as_bytes()), Some(json.to_string()));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        from_slice::<Job>(&bytes).ok();
        canonical(&bytes);
        from_query::<Job>(&String::from_utf8_lossy(&bytes)).ok();
    }

    #[test]
    fn plain_decimals_are_exact(whole in any::<i32>(), places in 0_usize..6) {
        let shifted = format!("{whole}e{places}");
        prop_assert_eq!(plain_decimal(&shifted).map(|text| text.into_owned()), Some(format!("{}", i64::from(whole) * 10_i64.pow(u32::try_from(places).expect("small")))));
    }
}
