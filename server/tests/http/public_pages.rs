//! Pages that anybody reads and search engines list: their languages, what is said of them, how long they are kept, and the
//! operator's own brand on them.

use reqwest::StatusCode;
use sqlx::PgPool;
use wallet::catalog::{Accent, Brand};
use wallet::identity::Actor;

use crate::support::{Site, Told};

fn staff() -> Actor {
    Actor::system("test")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_public_page_has_an_address_in_each_language(pool: PgPool) {
    let site = Site::start(pool).await;
    let mut reader = site.browser();
    let page = reader.open("/ru/pricing?cur=rub").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("lang=\"ru\""), "the address decides");
    for part in [
        format!("<link href=\"{}/ru/pricing\" rel=\"canonical\"", site.url),
        format!("<link href=\"{}/en/pricing\" hreflang=\"en\"", site.url),
        format!("<link href=\"{}/pricing\" hreflang=\"x-default\"", site.url),
        "<meta name=\"description\" content=\"Цены".to_owned(),
        "property=\"og:title\"".to_owned(),
    ] {
        assert!(page.text.contains(&part), "{part}");
    }
    // The pages that the reader goes on to are in the same language, until another one is chosen.
    assert!(reader.open("/changelog").await.text.contains("lang=\"ru\""));
    let request = site.client.post(format!("{}/settings/locale", site.url)).body("locale=en");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let chosen = reader.send(request.header("referer", format!("{}/ru/pricing", site.url))).await;
    assert_eq!(chosen.header("location"), "/pricing");
    assert!(reader.open("/pricing").await.text.contains("lang=\"en\""));
    for none in ["/ru/wallet", "/ru", "/de/pricing", "/ru/api/v2/balance", "/ru/ru/pricing"] {
        assert_eq!(site.browser().open(none).await.status, StatusCode::NOT_FOUND, "{none}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn only_a_public_page_that_there_is_may_be_kept_and_for_a_minute(pool: PgPool) {
    let site = Site::start(pool).await;
    site.person("kate").await;
    let mut reader = site.browser();
    for page in ["/pricing", "/changelog", "/en/pricing"] {
        let told = reader.open(page).await;
        assert_eq!(
            (told.header("cache-control"), told.header("vary")),
            ("private, max-age=60", "cookie, accept-language")
        );
    }
    for page in ["/sign-in", "/changelog/99", "/nothing-here"] {
        assert_eq!(reader.open(page).await.header("cache-control"), "no-store", "{page}");
    }
    reader.sign_in("kate").await;
    assert_eq!(reader.open("/pricing").await.header("cache-control"), "no-store", "it shows a balance");
}

#[sqlx::test(migrations = "../migrations")]
async fn search_engines_are_told_of_public_pages_alone(pool: PgPool) {
    let site = Site::start(pool).await;
    let sitemap = site.browser().open("/sitemap.xml").await;
    assert!(sitemap.header("content-type").starts_with("application/xml"));
    assert!(sitemap.text.contains(&format!("<loc>{}/ru/pricing</loc>", site.url)), "{}", sitemap.text);
    assert!(!sitemap.text.contains("/wallet"));
    let robots = site.browser().open("/robots.txt").await.text;
    assert!(robots.contains(&format!("Sitemap: {}/sitemap.xml", site.url)), "{robots}");
    for closed in ["/wallet", "/settings", "/admin", "/developers"] {
        assert!(robots.contains(&format!("Disallow: {closed}\n")), "{closed}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_wear_the_brand_of_the_operator(pool: PgPool) {
    let site = Site::start(pool).await;
    let says_scrip = |page: &Told| page.text.contains("Runs on Scrip");
    let plain = site.browser().open("/pricing").await;
    assert!(plain.text.contains("<title>Prices · NeuralBox</title>"), "the catalog names the platform");
    assert!(says_scrip(&plain));
    assert_eq!(site.browser().open("/logo").await.status, StatusCode::NOT_FOUND);
    let brand = Brand {
        logo: Some("data:image/png;base64,iVBORw0KGgo=".into()),
        accent: Some(Accent([0x10, 0x20, 0xc0])),
        support_email: Some("help@box.example".into()),
        terms_url: Some("https://box.example/terms?a=1&b=2".into()),
        legal: Some("Box & Sons <Ltd>".into()),
        hides_scrip: true,
        ..Brand::default()
    };
    site.wallet().catalog().set_brand(&staff(), "Box <b>", &brand).await.expect("set");
    let page = site.browser().open("/pricing").await;
    for part in [
        "Prices · Box &lt;b></title>",
        "src=\"/logo\"",
        "--color-primary:#1020c0;--color-primary-content:#ffffff",
        "mailto:help@box.example",
        "https://box.example/terms?a=1&amp;b=2",
        "Box &amp; Sons &lt;Ltd&gt;",
    ] {
        assert!(page.text.contains(part), "{part}");
    }
    assert!(!says_scrip(&page) && !page.text.contains("Box <b>"));
    let logo = site.browser().open("/logo").await;
    assert_eq!((logo.header("content-type"), logo.header("x-content-type-options")), ("image/png", "nosniff"));
    assert!(logo.header("content-security-policy").contains("default-src 'none'"), "a script in it does not run");
    assert!(site.browser().open("/plain.css").await.text.contains("--accent:#1020c0"));
    let (_, kate) = site.person("kate").await;
    let mut browser = site.browser();
    browser.sign_in("kate").await;
    let wallet = browser.open("/wallet").await;
    assert!(wallet.text.contains("· Box &lt;b></title>") && wallet.text.contains("--color-primary:#1020c0"));
    drop(kate);
    // Nothing of it is taken where one part is wrong.
    let wrong = Brand { help_url: Some("javascript:alert(1)".into()), ..Brand::default() };
    assert!(site.wallet().catalog().set_brand(&staff(), "Other", &wrong).await.is_err());
    assert!(site.wallet().catalog().set_brand(&staff(), "", &brand).await.is_err());
    assert!(site.browser().open("/pricing").await.text.contains("Box &lt;b&gt;"));
}
