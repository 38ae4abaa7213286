use super::*;

/// Changes NeuralBox's file in one place and gives what is wrong with it.
fn wrong(from: &str, to: &str) -> Vec<String> {
    let source = Preset::source_of("neuralbox").expect("built in");
    assert!(source.contains(from), "{from:?} is in the file");
    let errors = Preset::parse(&source.replacen(from, to, 1)).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn errors_are_named_by_line_and_column() {
    let cases = [
        ("flat = 39", "flat = -39", "column 8: -39 is negative; an amount is 0 or more"),
        ("flat = 39", "flat = 0.5", "column 8: 0.5 is a bare decimal; write it in quotes"),
        ("flat = 39", "flat = nan", "column 8: NaN is a bare decimal"),
        ("flat = 39", "flat = \"9223372036855\"", "column 8: “9223372036855” is too large"),
        ("flat = 39", "flat = 1000000001", "column 8: gpt-5.2-pro.rule.credits: A price can be at most 1000000000"),
        ("flat = 39", "flatt = 39", "column 1: unknown field `flatt`"),
        ("flat = 39", "", "column 8: the operation gpt-5.2-pro has no price; give one of flat, per_unit"),
        ("flat = 39", "flat = 39\nflat = 40", "column 1: duplicate key"),
        ("flat = 39", "flat = 39\nminimum_plan = \"gold\"", "column 16: there is no plan “gold” in this file"),
        (
            "5, 9,    # 1024x1024",
            "5,    # 1024x1024",
            "dall-e-3.rule.cells: Every cell needs a price: 6 cells, 5 prices",
        ),
        ("category = \"music\"", "category = \"noise\"", "column 12: unknown variant `noise`"),
        ("credits = 10000", "credits = 0", "column 11: a package holds more than 0 credits"),
        ("credits = 10000", "credits = 10000\nbonus = -1", "-1 is negative"),
        ("credits = 10000", "credits = 10000\nbonus = \"0.5\"", "column 9: a bonus is 0 or more, in whole steps"),
        ("price = { RUB = 24990 }", "price = { USD = 300 }", "column 11: USD is not one of the catalog's currencies"),
        ("price = { RUB = 24990 }", "price = { XYZ = 300 }", "column 11: “XYZ” is not a currency"),
        ("price = { RUB = 24990 }", "price = { RUB = \"1.005\" }", "column 17: too many decimals; RUB has at most 2"),
        ("rank = 4", "rank = 3", "column 8: a rank is 0 or more, and every plan has its own"),
        ("RUB = 0 }", "RUB = 10 }", "column 8: one of the plans must cost nothing"),
        (
            "top_up_expiry = \"never\"",
            "top_up_expiry = \"period_end\"",
            "column 17: bought credits belong to no billing period",
        ),
        ("name = \"GPT-5\"", "name = \"GPT\\u0000\"", "gpt-5.name: No control characters here: no line ends, no NUL."),
        ("name = \"VIP\"", "name = \"V\\u0000P\"", "column 8: a name has 1–100 letters and no control characters"),
        ("name = \"Light\"", "name = \"\"", "column 8: a name has 1–100 letters and no control characters"),
        ("code = \"gpt-5\"", "code = \"gpt 5\"", "column 8: gpt 5.operation: An operation is 1–64 of a–z"),
        (
            "price = { RUB = 24990 }",
            "prize = { RUB = 24990 }",
            "column 1: unknown field `prize`, expected one of `code`, `name`, `credits`, `bonus`",
        ),
        (
            "price = { RUB = 24990 }",
            "price = 24990",
            "column 9: invalid type: integer `24990`, expected prices by currency",
        ),
        ("default = 60, price = 2 }] }", "default = 60, prise = 2 }] }", "column 69: unknown field `prise`"),
        ("default = 60, price = 2 }] }", "default = \"60\", price = 2 }] }", "column 65: invalid type: string \"60\""),
        ("burn_order = {", "burn_ordre = {", "column 1: unknown field `burn_ordre`, expected one of `name`, `unit`"),
        (
            "packages = true",
            "packages = true\nfree = 1",
            "column 1: unknown field `free`, expected `packages` or `free_amount`",
        ),
    ];
    for (from, to, expected) in cases {
        let errors = wrong(from, to);
        assert!(errors.iter().any(|error| error.contains(expected)), "{to:?}: {errors:?}");
        let line = Preset::source_of("neuralbox").unwrap_or("").split(from).next().unwrap_or("").lines().count();
        let near = |error: &String| {
            let found = error.strip_prefix("line ").and_then(|rest| rest.split(',').next()?.parse::<usize>().ok());
            found.is_some_and(|found| found.abs_diff(line) <= 8)
        };
        assert!(errors.iter().all(near), "{to:?}: line {line}: {errors:?}");
    }
}

#[test]
fn the_doubled_row_with_another_price_is_refused() {
    let source = Preset::source_of("neuralbox").expect("built in");
    let second = source.rfind("flat = 42").expect("the doubled row");
    let (before, after) = source.split_at(second);
    let errors =
        Preset::parse(&format!("{before}{}", after.replacen("flat = 42", "flat = 43", 1))).err().unwrap_or_default();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("luma-ray2-flash is listed twice with different prices"), "{}", errors[0]);
}

#[test]
fn one_error_of_form_hides_none_of_another_entry() {
    let source = Preset::source_of("neuralbox").expect("built in");
    let source = source
        .replacen("notice_days = 30", "notice_days = -30", 1)
        .replacen("rank = 1", "rank = \"first\"", 1)
        .replacen("credits = 50\n", "credits = 0.5\n", 1)
        .replacen("RUB = 449", "EURO = 449", 1)
        .replacen("flat = 39", "flatt = 39", 1)
        .replacen("flat = 44", "flat = -44", 1);
    let errors = Preset::parse(&source).err().unwrap_or_default();
    let told: Vec<&str> = errors.iter().map(|error| error.message.split([';', ',']).next().unwrap_or("")).collect();
    let expected = [
        "invalid value: integer `-30`",
        "invalid type: string \"first\"",
        "0.5 is a bare decimal",
        "“EURO” is not a currency",
        "unknown field `flatt`",
        "-44 is negative",
    ];
    assert_eq!(told, expected, "{errors:?}");
    assert!(errors.is_sorted_by_key(|error| error.line));
}

#[test]
fn what_is_no_toml_in_one_operation_hides_no_error_of_another() {
    let head =
        |code: &str| format!("[[operation]]\ncode = \"{code}\"\nname = \"X\"\ncategory = \"text\"\nunit = \"call\"\n");
    let text = format!("{}flat = \n\n{}flat = -1\n\n{}flat = [1\n", head("a"), head("b"), head("c"));
    let errors = parse_prices(&text, &[]).err().unwrap_or_default();
    let places: Vec<usize> = errors.iter().map(|error| error.line).collect();
    assert_eq!(places, [6, 13, 20], "{errors:?}");
    assert!(errors[1].message.starts_with("-1 is negative"), "{errors:?}");
}

#[test]
fn what_an_invitation_brings_is_checked() {
    let source = Preset::source_of("neuralbox").expect("built in");
    let table = |lines: &str| format!("\n[settings.referral]\n{lines}\n\n[[plan]]");
    for (lines, message) in [
        ("credits_referrer = 0\ncredits_invited = 0", "one of both rewards is above 0"),
        ("credits_referrer = \"0.5\"\ncredits_invited = 1", "a reward is 0 or more, in whole steps"),
        ("credits_referrer = 1\ncredits_invited = 1\nmonthly_limit = 0", "this must be at least 1"),
        ("credits_referrer = 1", "credits_invited"),
    ] {
        let errors = Preset::parse(&source.replacen("\n[[plan]]", &table(lines), 1)).err().unwrap_or_default();
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(errors.len() == 1 && errors[0].contains(message), "{lines}: {errors:?}");
    }
    let good = source.replacen("\n[[plan]]", &table("credits_referrer = 50\ncredits_invited = 20"), 1);
    let preset = Preset::parse(&good).expect("a preset").0;
    let reward = preset.view.settings.referral.expect("a reward");
    assert_eq!((reward.credits_invited.to_string(), reward.monthly_limit), ("20".to_owned(), 20));
}

#[test]
fn what_a_metered_item_includes_is_checked() {
    let source = Preset::source_of("neuraldraft").expect("built in");
    for (from, to, message) in [
        ("{ build = 3,", "{ gold = 3,", "there is no plan gold"),
        ("{ build = 3,", "{ build = -3,", "what is included is from 0 to 1000000000"),
        ("included = 3", "included = 1000000001", "what is included is from 0 to 1000000000"),
        ("monthly_credits = 400", "monthly_credits = 1000001", "a price for a month is from 0 to 1000000 credits"),
        ("unit = \"domain\"", "unit = \"\"", "a name has 1–100 letters"),
    ] {
        assert!(source.contains(from), "{from:?} is in the file");
        let errors = Preset::parse(&source.replacen(from, to, 1)).err().unwrap_or_default();
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(errors.len() == 1 && errors[0].contains(message), "{to}: {errors:?}");
    }
}
