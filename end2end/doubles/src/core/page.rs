//! Hosted pages: plain HTML that works without scripts.

use crate::core::Answer;

/// Text as HTML, also inside a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A whole page; `body` is HTML.
pub fn page(status: u16, title: &str, body: &str) -> Answer {
    let title = escape(title);
    Answer::html(
        status,
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <link rel=\"icon\" href=\"data:,\">\
             <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:2rem auto;padding:0 1rem}}\
             label{{display:block;margin:.75rem 0 .25rem}}input{{width:100%;font:inherit;padding:.5rem;\
             box-sizing:border-box}}input[type=radio]{{width:auto}}button{{font:inherit;padding:.5rem 1rem;\
             margin:1rem .5rem 0 0}}[role=alert]{{border:1px solid #b00;padding:.5rem;color:#b00}}</style>\
             </head><body><main><h1>{title}</h1>\n{body}\n</main></body></html>\n"
        ),
    )
}

/// An error above a form.
pub fn alert(message: &str) -> String {
    format!("<p role=\"alert\">{}</p>\n", escape(message))
}

/// A labelled text field.
pub fn field(name: &str, label: &str, value: &str) -> String {
    format!(
        "<label for=\"{name}\">{}</label><input id=\"{name}\" name=\"{name}\" value=\"{}\" autocomplete=\"off\">\n",
        escape(label),
        escape(value)
    )
}

/// A button that sends `action` as its value.
pub fn button(value: &str, label: &str) -> String {
    format!("<button name=\"action\" value=\"{}\">{}</button>\n", escape(value), escape(label))
}

/// The fields of a form that was sent.
pub fn form(body: &[u8]) -> std::collections::HashMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}
