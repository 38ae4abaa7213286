//! A release holds the site: it is built again when the site's files change. Debug builds read them from the disk.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        let site = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site");
        // A path that is not there would count as changed every time.
        std::fs::create_dir_all(site).ok();
        println!("cargo::rerun-if-changed={site}");
    }
}
