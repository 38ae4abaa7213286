//! One operation of a draft as a form: its words, its plan, and its rule in the notation of a price list.

use serde::{Deserialize, Serialize};

use crate::tariff::RuleFields;

/// The names of the rules, in the order of a form.
pub const RULE_KINDS: [&str; 8] = ["flat", "per_unit", "graduated", "volume", "matrix", "range", "composite", "sum"];

/// Gives a rule to start from; an empty text where there is no such rule.
#[must_use]
pub fn rule_example(kind: &str) -> &'static str {
    match kind {
        "flat" => "4",
        "per_unit" => "meters = [{ param = \"seconds\", per = 60, default = 60, price = 2 }]\nminimum = 1",
        "graduated" | "volume" => {
            "quantity = { param = \"characters\", per = 1000, default = 1000 }\n\
             tiers = [{ up_to = 10000, price = 2 }, { price = \"1.5\" }]"
        }
        "matrix" => {
            "axes = [\n    { param = \"size\", values = [\"1024x1024\", \"1792x1024\"] },\n    \
             { param = \"quality\", values = [\"standard\", \"hd\"] },\n]\n\
             cells = [\n    5, 9,\n    9, 13,\n]"
        }
        "range" => {
            "min = 50\nmax = 500\nparam = \"complexity\"\ndefault = \"simple\"\n\
             levels = [{ value = \"simple\", price = 50 }, { value = \"complex\", price = 300 }]"
        }
        "composite" => {
            "base = 10\nlabel = \"Text\"\n\
             surcharges = [{ param = \"media\", options = [{ value = \"image\", credits = 8 }] }]\n\
             targets = [{ param = \"languages\", credits = 7, max = 100 }]"
        }
        "sum" => {
            "parts = [\n    { key = \"first\", operation = \"…\" },\n    { key = \"second\", operation = \"…\" },\n]"
        }
        _ => "",
    }
}

/// An operation as a person types it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationForm {
    /// The code: `dall-e-3`.
    pub operation: String,
    /// What people read.
    pub name: String,
    /// The category's code.
    pub category: String,
    /// What one call is.
    pub unit: String,
    /// Who makes the model; may be empty.
    pub supplier: String,
    /// The lowest plan that may call it, by code; empty for all.
    pub minimum_plan: String,
    /// The options that need a plan, one a line: `tier = premium: build`; empty for none.
    pub gates: String,
    /// The name of the rule: `matrix`.
    pub kind: String,
    /// The rule in the notation of a price list, where there are no fields.
    pub rule: String,
    /// The rule as the fields of a form.
    #[serde(default)]
    pub fields: Option<RuleFields>,
}

#[cfg(feature = "postgres")]
mod on_server {
    use super::super::preset::{PresetError, parse_rule, write_rule};
    use super::super::{Catalog, CatalogView};
    use super::OperationForm;
    use crate::error::{FieldError, Problem, Refusal, Result};
    use crate::identity::Actor;
    use crate::tariff::{Category, OptionRequirement, PriceBook, Rule, RuleFields, Tariff};

    impl OperationForm {
        /// Reads the rule: from the fields where there are some, else from the notation. What is wrong is named at its field.
        fn read_rule(&self) -> Result<Rule, Vec<FieldError>> {
            let in_text = |errors: Vec<PresetError>| errors.into_iter().map(|error| FieldError::in_file("rule", error));
            match &self.fields {
                Some(fields) => fields.read(),
                None => parse_rule(&self.kind, &self.rule).map_err(|errors| in_text(errors).collect()),
            }
        }

        /// Gives the form with its rule as fields. A rule of more rows than a form shows, or whose names hold what parts
        /// names in a field, is refused: it would not be read back as it is.
        pub fn into_fields(self) -> Result<Self, Vec<FieldError>> {
            let rule = self.read_rule()?;
            let fields = RuleFields::from(&rule);
            if fields.read().as_ref() != Ok(&rule) {
                let message = "This rule does not fit into the form: it has too many rows, or names with , or |. Edit it as TOML.";
                return Err(vec![FieldError::new("rule", Problem::NotAllowed, message)]);
            }
            Ok(Self { fields: Some(fields), ..self })
        }

        /// Gives the form with its rule in the notation of a price list.
        pub fn into_text(self) -> Result<Self, Vec<FieldError>> {
            let rule = write_rule(&self.read_rule()?);
            Ok(Self { rule, fields: None, ..self })
        }
    }

    impl From<&Tariff> for OperationForm {
        fn from(tariff: &Tariff) -> Self {
            Self {
                operation: tariff.operation.clone(),
                name: tariff.name.clone(),
                category: tariff.category.code().to_owned(),
                unit: tariff.unit.clone(),
                supplier: tariff.supplier.clone().unwrap_or_default(),
                minimum_plan: tariff.minimum_plan.clone().unwrap_or_default(),
                gates: tariff.gates.iter().map(requirement_line).collect::<Vec<_>>().join("\n"),
                kind: tariff.rule.pricing_type().to_owned(),
                rule: write_rule(&tariff.rule),
                fields: None,
            }
        }
    }

    impl Catalog {
        /// Adds an operation to a draft. Everything that is wrong is named at its field, the rule's mistakes by line
        /// and column.
        pub async fn add_operation(
            &self,
            staff: &Actor,
            version: i32,
            expected_revision: i64,
            form: OperationForm,
        ) -> Result<PriceBook> {
            let book = self.tariffs().book(version).await?;
            let mut problems = Vec::new();
            if book.tariff(&form.operation).is_some() {
                let message = format!("{} is in the price book already.", form.operation);
                problems.push(FieldError::new("operation", Problem::Taken, message));
            }
            let tariff = read(form, &*self.view().await?, &book, None, problems)?;
            self.tariffs().set_tariff(staff, version, expected_revision, tariff).await
        }

        /// Replaces an operation of a draft: its words, its plans, its rule. Its upstream cost stays.
        pub async fn replace_operation(
            &self,
            staff: &Actor,
            version: i32,
            expected_revision: i64,
            form: OperationForm,
        ) -> Result<PriceBook> {
            let book = self.tariffs().book(version).await?;
            let known = book.tariff_or_refuse(&form.operation)?;
            let tariff = read(form, &*self.view().await?, &book, Some(known), Vec::new())?;
            self.tariffs().set_tariff(staff, version, expected_revision, tariff).await
        }
    }

    fn requirement_line(gate: &OptionRequirement) -> String {
        format!("{} = {}: {}", gate.param, gate.value, gate.plan)
    }

    /// Reads the options that need a plan; empty lines count for nothing.
    fn read_requirements(text: &str, view: &CatalogView, problems: &mut Vec<FieldError>) -> Vec<OptionRequirement> {
        let mut gates: Vec<OptionRequirement> = Vec::new();
        let mut wrong = |line: usize, problem: Problem, message: &str| {
            problems.push(FieldError::new("gates", problem, format!("Line {line}: {message}")));
        };
        let lines = text.lines().zip(1..).map(|(text, line)| (text.trim(), line)).filter(|(text, _)| !text.is_empty());
        for (text, line) in lines {
            let parts = text.split_once('=').and_then(|(param, rest)| Some((param, rest.rsplit_once(':')?)));
            let Some((param, (value, plan))) = parts else {
                wrong(line, Problem::Malformed, "write an option, its value and the plan: tier = premium: pro.");
                continue;
            };
            let part = |text: &str| text.trim().to_owned();
            let gate = OptionRequirement { param: part(param), value: part(value), plan: part(plan) };
            if view.plan(&gate.plan).is_none() {
                wrong(line, Problem::Unknown, &format!("there is no plan “{}”.", gate.plan));
            } else if gates.iter().any(|known| (&known.param, &known.value) == (&gate.param, &gate.value)) {
                wrong(line, Problem::Taken, &format!("{} = {} has a plan above.", gate.param, gate.value));
            }
            gates.push(gate);
        }
        gates
    }

    /// Reads the form, or refuses with everything that is wrong.
    fn read(
        form: OperationForm,
        view: &CatalogView,
        book: &PriceBook,
        known: Option<&Tariff>,
        mut problems: Vec<FieldError>,
    ) -> Result<Tariff, Refusal> {
        let category = form.category.parse::<Category>();
        if let Err(error) = &category {
            problems.push(FieldError::new("category", Problem::NotAllowed, format!("“{}” is {error}.", form.category)));
        }
        let rule = form.read_rule();
        problems.extend(rule.as_ref().err().into_iter().flatten().cloned());
        if let Ok(Rule::Sum(sum)) = &rule {
            for part in sum.parts.iter().filter(|part| book.tariff(&part.operation).is_none()) {
                let message = format!("There is no operation “{}” to sum.", part.operation);
                problems.push(FieldError::new("rule", Problem::Unknown, message));
            }
        }
        if !form.minimum_plan.is_empty() && view.plan(&form.minimum_plan).is_none() {
            let message = format!("There is no plan “{}”.", form.minimum_plan);
            problems.push(FieldError::new("minimum_plan", Problem::Unknown, message));
        }
        let gates = read_requirements(&form.gates, view, &mut problems);
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let tariff = Tariff {
            operation: form.operation,
            name: form.name,
            category: category.unwrap_or(Category::Text),
            unit: form.unit,
            supplier: some(form.supplier),
            upstream_cost: known.and_then(|known| known.upstream_cost.clone()),
            minimum_plan: some(form.minimum_plan),
            gates,
            // A rule that can't be read is named above; nothing is wrong with this one.
            rule: rule.clone().unwrap_or(Rule::Flat(crate::tariff::Flat { credits: crate::money::Credits::ZERO })),
            position: i32::try_from(book.tariffs.len()).unwrap_or(i32::MAX),
        };
        let prefix = format!("{}.", tariff.operation);
        let is_read = rule.is_ok();
        problems.extend(tariff.problems().into_iter().filter_map(|mut problem| {
            let field = problem.field.strip_prefix(&prefix).unwrap_or(&problem.field);
            let field = field.split('.').next().unwrap_or_default().to_owned();
            // Gates can only be judged by a rule that could be read.
            problem.field = field;
            Some(problem).filter(|problem| is_read || !matches!(problem.field.as_str(), "gates" | "rule"))
        }));
        if problems.is_empty() { Ok(tariff) } else { Err(Refusal::Unprocessable { fields: problems }) }
    }
}
