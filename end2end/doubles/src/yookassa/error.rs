//! Refusals in YooKassa's error shape.

use serde_json::json;

use crate::core::Answer;

/// A refused call: `{"type":"error","id","code","description","parameter"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    status: u16,
    code: &'static str,
    description: String,
    parameter: Option<String>,
}

pub(super) type Result<T> = std::result::Result<T, ApiError>;

impl ApiError {
    /// Says what is wrong with one parameter or header.
    pub(super) fn invalid(parameter: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "invalid_request",
            description: description.into(),
            parameter: Some(parameter.into()),
        }
    }

    /// Says what is wrong where no single parameter is.
    pub(super) fn refused(description: impl Into<String>) -> Self {
        Self { parameter: None, ..Self::invalid("", description) }
    }

    /// The object is not there, or is another shop's: YooKassa does not tell which.
    pub(super) fn not_found(what: &str, parameter: &str) -> Self {
        Self {
            status: 404,
            code: "not_found",
            ..Self::invalid(parameter, format!("{what} doesn't exist or access denied"))
        }
    }

    /// The shop's number or its secret key is wrong.
    pub(super) fn unauthorized() -> Self {
        let description = "Error in shopId or secret key. Check their validity. \
                           You can change the key in the Merchant Profile";
        Self { status: 401, code: "invalid_credentials", ..Self::invalid("Authorization", description) }
    }

    #[cfg(test)]
    pub(super) fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    /// The answer, under an id that YooKassa's support would ask for. Nothing was done, so no key keeps it.
    pub(super) fn answer(&self, id: &str) -> Answer {
        let mut body = json!({
            "type": "error",
            "id": id,
            "code": self.code,
            "description": self.description,
        });
        if let Some(parameter) = &self.parameter {
            body["parameter"] = json!(parameter);
        }
        Answer::json(self.status, &body).not_kept()
    }
}
