//! Opens the state at the start of the daemon. A damaged state is renamed, not
//! deleted, and replaced by its copy.

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::copy::{self, beside, directory, sync_directory};
use super::damage::{Damage, Unusable};
use super::open::{OpenState, check, has_a_key, lock, open_state, version};
use super::whose::{self, Owner, open_read_only, owner};
use super::{StoreError, failed};
use domain::base::clock::UnixTime;

/// How many damaged states stay, with their journals and copies. They contain
/// keys, and a failing disk may damage many.
const KEPT: usize = 3;

/// The open state and its lock.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) state: OpenState,
    /// Whether the last run was interrupted.
    pub(super) was_left_open: bool,
    pub(super) loss: Loss,
}

/// What was lost of the last run's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing was lost.
    Nothing,
    /// The last writes: since the copy, or in a damaged journal.
    Some,
    /// All of it; the state is new.
    Everything,
}

pub(super) fn open(path: &Path, now: UnixTime) -> Result<Opened, StoreError> {
    if path.is_dir() {
        return Err(StoreError::Directory(path.to_owned()));
    }
    let lock = lock(path)?;
    // SQLite removes its journal when it closes the database.
    let was_left_open = beside(path, "-wal").exists();
    let (state, loss) = match whole(path, now) {
        Ok(opened) => opened,
        Err(Unusable::Refused(error)) => return Err(error),
        Err(Unusable::Damaged(damage)) => restore(path, &damage, now)?,
    };
    Ok(Opened {
        lock,
        state,
        was_left_open,
        loss,
    })
}

fn whole(path: &Path, now: UnixTime) -> Result<(OpenState, Loss), Unusable> {
    if let Some(damage) = lost(path) {
        return Err(Unusable::Damaged(damage));
    }
    if whose::is_of_another(path) {
        return Err(Unusable::Damaged(Damage::Foreign));
    }
    let journal_was_lost = set_journal_aside(path, now)?;
    let state = open_state(path)?;
    if !journal_was_lost {
        return Ok((state, Loss::Nothing));
    }
    forget_grants(state.connection())?;
    Ok((state, Loss::Some))
}

/// Whether there was a state that is gone. At the first start there is neither
/// a copy nor a journal.
fn lost(path: &Path) -> Option<Damage> {
    let size = |path: PathBuf| fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size(path.to_owned()) > 0 {
        return None;
    }
    let was_there = copy::path(path).exists() || size(journal(path)) > 0;
    let damage = if path.exists() {
        Damage::Empty
    } else {
        Damage::Missing
    };
    was_there.then_some(damage)
}

/// Renames a journal without a valid header, which SQLite would ignore
/// silently. Returns whether there was one.
fn set_journal_aside(path: &Path, now: UnixTime) -> Result<bool, StoreError> {
    let journal = journal(path);
    if !is_garbage(&journal) {
        return Ok(false);
    }
    let damage = Damage::found("its journal is garbage");
    let aside = beside(&aside(path, now, damage.kind()), "-wal");
    move_away(&journal, &aside, &damage)?;
    tracing::error!(
        aside = %aside.display(),
        "the state's journal is damaged and was renamed: the last writes are lost. Sign-ins in \
         progress fail, and links or keys of the last hours may be missing"
    );
    Ok(true)
}

/// It is not known which codes were redeemed.
fn forget_grants(connection: &Connection) -> Result<(), StoreError> {
    let forgotten = connection.execute("DELETE FROM grants", []);
    forgotten
        .map(drop)
        .map_err(|error| failed("delete the codes", error))
}

/// Renames the state and replaces it by its copy, or by a new state. Another
/// program's database is renamed only if there is a copy.
fn restore(path: &Path, damage: &Damage, now: UnixTime) -> Result<(OpenState, Loss), StoreError> {
    // Fails before any change if the copy is of a later release.
    let copy = examine(path)?;
    if matches!(
        (damage, &copy),
        (Damage::Foreign, Copied::Damaged(_) | Copied::Missing)
    ) {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    let aside = set_aside(path, damage, now)?;
    match &copy {
        Copied::Good => {
            let from = copy::path(path);
            move_away(&from, path, damage)?;
        }
        Copied::Damaged(_) => {
            let to = beside(&aside, "-copy");
            move_away(&copy::path(path), &to, damage)?;
        }
        Copied::Missing => {}
    }
    let synced = sync_directory(directory(path));
    synced.map_err(|error| cannot_move(path, damage)(error))?;
    let state = open_state(path).map_err(|unusable| match unusable {
        Unusable::Refused(error) => error,
        Unusable::Damaged(damage) => StoreError::SetAside {
            damage: damage.to_string(),
            path: path.to_owned(),
            source: io::Error::other("its replacement is damaged, too"),
        },
    })?;
    let loss = match copy {
        Copied::Good => Loss::Some,
        Copied::Damaged(_) | Copied::Missing => Loss::Everything,
    };
    say(&copy, damage, aside.exists().then_some(aside.as_path()));
    forget_oldest(path);
    // The copy is the state now, and the next copy may be a day away.
    if let Err(error) = copy::write(path) {
        let error: &dyn Error = &error;
        tracing::warn!(error, "cannot copy the state");
    }
    Ok((state, loss))
}

/// The condition of the copy.
enum Copied {
    Good,
    Damaged(Damage),
    Missing,
}

fn examine(path: &Path) -> Result<Copied, StoreError> {
    let copy = copy::path(path);
    if !copy.exists() {
        return Ok(Copied::Missing);
    }
    match look_at(&copy) {
        Ok(()) => Ok(Copied::Good),
        Err(Unusable::Damaged(damage)) => Ok(Copied::Damaged(damage)),
        Err(Unusable::Refused(error)) => Err(error),
    }
}

fn look_at(copy: &Path) -> Result<(), Unusable> {
    let cannot = |error| Unusable::sqlite("open the copy of the state", error);
    let connection = open_read_only(copy).map_err(cannot)?;
    match owner(&connection).map_err(cannot)? {
        Owner::Us => {}
        Owner::New => return Err(Unusable::Damaged(Damage::Empty)),
        Owner::Another => return Err(Unusable::Damaged(Damage::Foreign)),
    }
    version(&connection, copy)?;
    check(&connection).map_err(cannot)??;
    if !has_a_key(&connection).map_err(cannot)? {
        return Err(Unusable::Damaged(Damage::Empty));
    }
    Ok(())
}

/// Renames the state first: after an interruption here, the next start uses the
/// copy. The journal must not be applied to the copy.
fn set_aside(path: &Path, damage: &Damage, now: UnixTime) -> Result<PathBuf, StoreError> {
    let aside = aside(path, now, damage.kind());
    if path.exists() {
        move_away(path, &aside, damage)?;
    }
    if journal(path).exists() {
        move_away(&journal(path), &beside(&aside, "-wal"), damage)?;
    }
    // Only an index of the journal, which SQLite can make again.
    let index = beside(path, "-shm");
    copy::remove(&index).map_err(cannot_move(&index, damage))?;
    Ok(aside)
}

/// `aside` is the new name of the damaged state, if there was one.
fn say(copy: &Copied, damage: &Damage, aside: Option<&Path>) {
    let advice = damage.advice();
    let aside = aside.map(|aside| aside.display().to_string());
    let aside = aside.as_deref();
    match copy {
        Copied::Good => tracing::error!(
            aside,
            "the state is {damage}: restored from its copy. Users who signed in for the first \
             time after the copy was made are linked again at their next sign-in; codes that were \
             not redeemed are invalid. {advice}"
        ),
        Copied::Missing => tracing::error!(
            aside,
            "the state is {damage}, and there is no copy: starting with a new state. Each user is \
             linked again at the next sign-in. {advice}"
        ),
        Copied::Damaged(copy) => tracing::error!(
            aside,
            "the state is {damage}, and its copy is {copy}: starting with a new state. Each user \
             is linked again at the next sign-in. {advice}"
        ),
    }
}

fn journal(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// Such as `state.sqlite3.damaged-20261122T070012Z`; a second name in the same
/// second gets a number, so that names sort by age.
fn aside(path: &Path, now: UnixTime, kind: &str) -> PathBuf {
    let time = Timestamp::from_second(now.seconds()).unwrap_or_default();
    let time = time.strftime("%Y%m%dT%H%M%SZ");
    let name = |number: u32| match number {
        0 => beside(path, &format!(".{kind}-{time}")),
        _ => beside(path, &format!(".{kind}-{time}-{number:02}")),
    };
    let is_taken = |number: &u32| {
        let state = name(*number);
        state.exists() || beside(&state, "-wal").exists()
    };
    let last = (0..99).rev().find(is_taken);
    name(last.map_or(0, |last| last + 1))
}

fn move_away(from: &Path, to: &Path, damage: &Damage) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(cannot_move(from, damage))
}

fn cannot_move(path: &Path, damage: &Damage) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::SetAside {
        damage: damage.to_string(),
        path: path.to_owned(),
        source,
    }
}

/// Relies on the names, which sort by age.
fn forget_oldest(path: &Path) {
    let mut prefix = path.file_name().unwrap_or_default().to_owned();
    prefix.push(".damaged-");
    let Ok(entries) = fs::read_dir(directory(path)) else {
        return;
    };
    let is_aside = |name: &OsStr| {
        name.as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
    };
    let mut kept: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| is_aside(&entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    kept.sort();
    let states: Vec<&PathBuf> = kept.iter().filter(|it| is_state(it)).collect();
    let old = states.len().saturating_sub(KEPT);
    let Some(oldest_kept) = states.get(old) else {
        return;
    };
    for file in kept.iter().take_while(|file| file < oldest_kept) {
        if let Err(error) = fs::remove_file(file) {
            tracing::warn!(file = %file.display(), %error, "cannot delete an old damaged state");
        }
    }
}

/// Whether `aside` is a state, not its journal or copy.
fn is_state(aside: &Path) -> bool {
    let name = aside.as_os_str().as_encoded_bytes();
    !name.ends_with(b"-wal") && !name.ends_with(b"-copy")
}

/// Whether the header of the journal is invalid. A power cut does not cause
/// that: SQLite writes it before the first frame
/// (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
fn is_garbage(journal: &Path) -> bool {
    let mut header = [0; 32];
    let read = File::open(journal).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && !is_header(&header)
}

fn is_header(header: &[u8; 32]) -> bool {
    let (words, _) = header.as_chunks::<4>();
    let (summed, sums) = words.split_at(6);
    // The last bit of the magic number is the byte order of the checksums.
    let read = match summed.first().map(|magic| u32::from_be_bytes(*magic)) {
        Some(0x377f_0682) => u32::from_le_bytes,
        Some(0x377f_0683) => u32::from_be_bytes,
        _ => return false,
    };
    let (mut a, mut b) = (0u32, 0u32);
    for [first, second] in summed.as_chunks().0 {
        a = a.wrapping_add(read(*first)).wrapping_add(b);
        b = b.wrapping_add(read(*second)).wrapping_add(a);
    }
    sums == [a.to_be_bytes(), b.to_be_bytes()]
}
