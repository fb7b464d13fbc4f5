//! The targets of `core`, `formats` and the plugin host, on stable Rust.

#[test]
fn every_input_is_an_answer() {
    pkg_fuzz::driver::drive("core", pkg_fuzz::TARGETS);
}

#[test]
fn the_table_is_in_order_and_regressions_belong_to_targets() {
    let names: Vec<&str> = pkg_fuzz::TARGETS.iter().map(|target| target.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let plugins = ["cuda-smoke", "pickle", "tokenizer", "weights"];
    for entry in std::fs::read_dir(pkg_fuzz::driver::regressions(".")).expect("regressions") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let known = names.contains(&name.as_str()) || plugins.contains(&name.as_str());
        assert!(known || name == "README.md", "{name} belongs to no target");
    }
}
