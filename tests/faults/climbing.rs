//! Names that would lead out of the output folder.

use std::fs;

use crate::support::sandbox::Sandbox;

/// The original writes wherever such a template leads.
#[test]
fn templates_that_climb_are_refused_before_anything_is_made() {
    for template in ["../%A", "a/../../%A", "%A/../../x", "/../%A", ".%V.%v/%A", "a/.."] {
        for options in [vec!["-o", "out"], vec![], vec!["-o", "out", "-K"], vec!["-o", "out", "-c"]]
        {
            let sandbox = Sandbox::with_flow();
            let arguments = [&options[..], &["-T", template, "-r", "in.pcap"]].concat();
            sandbox.run_with(arguments).fails(
                1,
                &[&format!("file-name template '{template}"), "lead out of the output folder"],
            );
            assert_eq!(sandbox.names("."), ["in.pcap"], "{template}");
        }
    }
}

#[test]
fn a_slash_in_front_stays_below_the_output_folder_or_is_refused() {
    let sandbox = Sandbox::with_flow();
    sandbox.run("-o out -T /deep/%a -r in.pcap").succeeds();
    assert_eq!(sandbox.names("out"), ["deep/00001"]);
    let absolute = sandbox.path("absolute").display().to_string();
    for options in [vec![], vec!["-o", "."]] {
        let template = format!("{absolute}/%a");
        let arguments = [&options[..], &["-T", &template, "-r", "in.pcap"]].concat();
        sandbox.run_with(arguments).fails(1, &["need an output folder (-o)"]);
    }
    assert!(!fs::exists(&absolute).unwrap());
}

#[test]
fn dots_that_lead_nowhere_are_names_like_any_other() {
    let sandbox = Sandbox::with_flow();
    for template in ["..%a", "%a..", ".../%a", "./dot/%a", "a//b/%a"] {
        sandbox.run_with(["-o", "out", "-T", template, "-r", "in.pcap"]).succeeds();
    }
    let names = [".../00001", "..00001", "00001..", "a/b/00001", "dot/00001"];
    assert_eq!(sandbox.names("out"), names);
}
