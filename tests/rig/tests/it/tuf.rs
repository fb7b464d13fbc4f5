//! The TUF repository with an updater.

use pkg_rig::{Fault, Rig, TufRelease, TufRole};
use sigstore_tuf::{Error, HttpRepository, Updater};

use crate::client::{block_on, http};

const TARGET: &str = "trusted_root.json";

fn updater(rig: &Rig) -> Updater {
    let repository = HttpRepository::new(&rig.tuf_url()).unwrap().with_http_client(http());
    Updater::new(repository, &rig.tuf_root()).unwrap()
}

fn refresh(updater: &mut Updater) -> Result<(), Error> {
    block_on(updater.refresh(jiff::Timestamp::now()))
}

fn fetch(updater: &mut Updater, name: &str) -> Result<Vec<u8>, Error> {
    block_on(updater.get_target(name, jiff::Timestamp::now()))
}

#[test]
fn a_client_gets_the_trusted_root_and_the_signing_configuration() {
    let rig = Rig::start();
    let mut updater = updater(&rig);
    refresh(&mut updater).unwrap();
    let root = fetch(&mut updater, TARGET).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&root).unwrap(), rig.trusted_root());
    let config = fetch(&mut updater, "signing_config.v0.2.json").unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config, rig.signing_config(2));
}

#[test]
fn a_new_version_and_a_new_root_reach_a_client_that_knows_the_first() {
    let rig = Rig::start();
    let mut old = updater(&rig);
    refresh(&mut old).unwrap();
    let targets = vec![(TARGET.to_owned(), b"{}".to_vec())];
    rig.tuf_publish(TufRelease { targets, rotate_root: true, ..TufRelease::default() });
    rig.tuf_publish(TufRelease { rotate_root: true, ..TufRelease::default() });
    assert_eq!(rig.tuf_version(), 3);
    for mut client in [old, updater(&rig)] {
        refresh(&mut client).unwrap();
        assert_eq!(client.trusted().root().version, 3);
        assert_eq!(fetch(&mut client, TARGET).unwrap(), b"{}");
    }
}

#[test]
fn expired_metadata_is_refused() {
    let roles = [TufRole::Root, TufRole::Timestamp, TufRole::Snapshot, TufRole::Targets];
    for (expired, name) in roles.into_iter().zip(["root", "timestamp", "snapshot", "targets"]) {
        let rig = Rig::start();
        let rotate_root = expired == TufRole::Root;
        let expired = Some(expired);
        rig.tuf_publish(TufRelease { expired, rotate_root, ..TufRelease::default() });
        let refused = refresh(&mut updater(&rig)).unwrap_err();
        assert!(matches!(&refused, Error::Expired { role, .. } if role == name), "{refused}");
    }
    let rig = Rig::start();
    rig.tuf_expire_timestamp();
    assert!(matches!(refresh(&mut updater(&rig)), Err(Error::Expired { .. })));
    rig.tuf_publish(TufRelease::default());
    refresh(&mut updater(&rig)).unwrap();
}

#[test]
fn metadata_of_a_moved_clock_has_expired() {
    let rig = Rig::start();
    rig.set_time_offset(-30 * 86_400);
    rig.tuf_publish(TufRelease::default());
    assert!(matches!(refresh(&mut updater(&rig)), Err(Error::Expired { .. })));
}

#[test]
fn an_earlier_version_is_refused_by_who_knows_a_later_one() {
    let rig = Rig::start();
    rig.tuf_publish(TufRelease::default());
    let mut client = updater(&rig);
    refresh(&mut client).unwrap();
    rig.tuf_roll_back(1);
    let refused = refresh(&mut client).unwrap_err();
    assert!(matches!(refused, Error::Rollback { trusted: 2, new: 1, .. }), "{refused}");
}

#[test]
fn wrong_keys_are_refused() {
    let roles = [TufRole::Root, TufRole::Timestamp, TufRole::Snapshot, TufRole::Targets];
    for (forged, name) in roles.into_iter().zip(["root", "timestamp", "snapshot", "targets"]) {
        let rig = Rig::start();
        rig.tuf_forge(forged);
        let refused = refresh(&mut updater(&rig)).unwrap_err();
        assert!(
            matches!(&refused, Error::ThresholdNotMet { role, found: 0, .. } if role == name),
            "{refused}"
        );
    }
}

#[test]
fn damaged_files_are_refused() {
    let rig = Rig::start();
    rig.tuf_publish(TufRelease { damaged_targets: true, ..TufRelease::default() });
    let mut client = updater(&rig);
    refresh(&mut client).unwrap();
    let refused = fetch(&mut client, TARGET).unwrap_err();
    assert!(matches!(refused, Error::IntegrityMismatch(_)), "{refused}");
}

#[test]
fn another_rig_is_another_repository() {
    let (rig, other) = (Rig::start(), Rig::start());
    let repository = HttpRepository::new(&rig.tuf_url()).unwrap().with_http_client(http());
    let mut client = Updater::new(repository, &other.tuf_root()).unwrap();
    let refused = refresh(&mut client).unwrap_err();
    assert!(matches!(refused, Error::ThresholdNotMet { .. }), "{refused}");
}

#[test]
fn metadata_without_end_is_refused() {
    let rig = Rig::start();
    rig.fail(Some(Fault::EndlessBody));
    let refused = refresh(&mut updater(&rig)).unwrap_err();
    assert!(refused.to_string().contains("exceeds max"), "{refused}");
}
