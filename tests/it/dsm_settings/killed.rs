use fakes::dsm::settings::Settings;
use fakes::dsm::{Api, Instead};
use google_to_synology_sso::doctor::dsm::Compared;

use super::{dsm_settings, foreign, plan, stored, succeeds, untouched};
use crate::support::built::Built;

/// Where the daemon is killed: at a write that DSM has not made yet, and at one
/// that it has made.
const MOMENTS: [Instead; 2] = [Instead::Hang, Instead::HangAfterwards];

/// Kills the daemon while it waits for the response to `write`.
async fn killed_at(built: &mut Built, write: Api, moment: Instead, arguments: &[&str]) {
    let dsm = built.house.dsm.clone();
    dsm.next(write, moment);
    let mut command = Box::pin(dsm_settings(&built.house, arguments));
    tokio::select! {
        output = &mut command => panic!("{write:?}: {output:?}"),
        () = dsm.wait_until(|counts| counts.hanging == 1) => built.process.cut_off(),
    }
    let output = command.await;
    assert_eq!(output.status.code(), Some(1), "{write:?}: {output:?}");
    dsm.wait_until(|counts| counts.hanging == 0).await;
    dsm.as_usual(write);
    built.start();
    built.has_saved_users_and_documents().await;
}

async fn assert_applied(built: &Built) {
    let rows = succeeds(&built.house, &["--compare", "--json"]).await;
    let rows: Vec<Compared> = serde_json::from_str(&rows).unwrap();
    assert!(rows.iter().all(|row| row.same), "{rows:#?}");
}

#[tokio::test]
async fn an_apply_that_is_killed_at_any_write_is_undone_or_completed() {
    let mut built = Built::planned(plan()).await;
    built.has_saved_users_and_documents().await;
    let apply = ["--apply", "--yes"];
    for write in [Api::SetSsoClient, Api::SetSsoProfile, Api::CreateProxyRule] {
        for moment in MOMENTS {
            built.house.dsm.change(|dsm| dsm.settings = untouched());
            killed_at(&mut built, write, moment.clone(), &apply).await;
            succeeds(&built.house, &["--undo", "--yes"]).await;
            assert_eq!(
                stored(&built.house.dsm),
                untouched(),
                "{write:?} {moment:?}"
            );

            killed_at(&mut built, write, moment.clone(), &apply).await;
            succeeds(&built.house, &apply).await;
            assert_applied(&built).await;
            succeeds(&built.house, &["--undo", "--yes"]).await;
            assert_eq!(
                stored(&built.house.dsm),
                untouched(),
                "{write:?} {moment:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_killed_forced_apply_or_undo_restores_a_foreign_dsm() {
    let mut built = Built::planned(plan()).await;
    built.has_saved_users_and_documents().await;
    let foreign: Settings = foreign(&built.house);
    let apply = ["--apply", "--yes", "--force"];
    built.house.dsm.change(|dsm| dsm.settings = foreign.clone());
    for write in [Api::SetSsoClient, Api::UpdateProxyRule] {
        for moment in MOMENTS {
            killed_at(&mut built, write, moment.clone(), &apply).await;
            succeeds(&built.house, &["--undo", "--yes"]).await;
            assert_eq!(stored(&built.house.dsm), foreign, "{write:?} {moment:?}");

            succeeds(&built.house, &apply).await;
            assert_applied(&built).await;
            killed_at(&mut built, write, moment.clone(), &["--undo", "--yes"]).await;
            succeeds(&built.house, &["--undo", "--yes"]).await;
            assert_eq!(stored(&built.house.dsm), foreign, "{write:?} {moment:?}");
        }
    }
}
