//! `scrip`: the one binary.

fn main() {}
