//! A stage without a fault: every line is ok, and nothing is written.

use fakes::dsm::Counts;

use super::stage::Stage;
use super::stage::network::on_a_nas;
use crate::support::command_line::text;
use crate::support::disk::disk;

#[test]
fn a_healthy_nas_has_no_finding() {
    on_a_nas(|network| {
        let stage = Stage::new(network);
        let (files, before) = (disk(&stage.house), stage.house.dsm.counts());

        let output = stage.doctor(&[]);

        let told = text(&output.stdout);
        let lines: Vec<&str> = told.lines().filter(|line| line.contains(':')).collect();
        let is_ok = |line: &&str| line.starts_with("ok   ");
        assert!(lines.len() > 20 && lines.iter().all(is_ok), "{told}");
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0));
        let expected = Counts {
            sign_ins: before.sign_ins + 1,
            sign_outs: before.sign_outs + 1,
            user_lists: before.user_lists + 1,
            ..before
        };
        assert_eq!(stage.house.dsm.counts(), expected);
        assert_eq!(disk(&stage.house), files, "something was written");
    });
}
