//! A damaged state is set aside, never deleted, and its copy takes its place.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::copy::{self, beside, directory, sync_directory};
use super::open::{OpenState, Unusable, check, open_state, version};
use super::whose::{Owner, open_read_only, owner};
use super::{StoreError, failed};
use domain::base::clock::UnixTime;

/// So many damaged states are kept, each perhaps with its journal and copy:
/// they hold keys, and a disk that damages one will damage another.
const KEPT: usize = 3;

/// Why the file at `storage.path` is not used as the state.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    /// What we or SQLite found wrong with it.
    Broken(String),
    /// There is no file.
    Missing,
    /// The file has no bytes, or no tables.
    Empty,
    /// It is another program's database.
    Foreign,
}

impl Damage {
    /// What was found, by us or by SQLite, which may use several lines.
    pub(super) fn found(what: &str) -> Self {
        Self::Broken(what.lines().collect::<Vec<_>>().join(", "))
    }

    /// Part of the name under which the file is set aside. Only damaged states
    /// are deleted in the end: another program's database is not ours.
    fn kind(&self) -> &'static str {
        match self {
            Self::Broken(_) | Self::Missing | Self::Empty => "damaged",
            Self::Foreign => "foreign",
        }
    }

    /// What was not caused by a disk needs no look at the disk.
    fn advice(&self) -> &'static str {
        match self {
            Self::Broken(_) => "The disk may be failing: check it (Storage Manager > HDD/SSD)",
            Self::Missing | Self::Empty => "Find out what deleted it",
            Self::Foreign => "Find out which program uses the path of storage.path",
        }
    }
}

impl From<&rusqlite::Error> for Damage {
    fn from(error: &rusqlite::Error) -> Self {
        Self::found(&error.to_string())
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(what) => write!(f, "damaged ({what})"),
            Self::Missing => f.write_str("missing"),
            Self::Empty => f.write_str("empty"),
            Self::Foreign => f.write_str("another program's database"),
        }
    }
}

/// What a start could not read of what the last run had written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of it is there.
    Nothing,
    /// What was written last: since the copy, or in a damaged journal.
    Some,
    /// All of it: the state is new.
    Everything,
}

/// Whether there should be a state and is none. At the very first start, and
/// after one that was broken off, there is neither copy nor journal.
pub(super) fn lost(path: &Path) -> Option<Damage> {
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

/// Sets a journal aside that SQLite would pass over in silence: its header is
/// not one. Whether there was one.
pub(super) fn set_journal_aside(path: &Path, now: UnixTime) -> Result<bool, StoreError> {
    let journal = journal(path);
    if !is_garbage(&journal) {
        return Ok(false);
    }
    let damage = Damage::found("its journal is garbage");
    let aside = beside(&aside(path, now, damage.kind()), "-wal");
    move_away(&journal, &aside, &damage)?;
    tracing::error!(
        aside = %aside.display(),
        "the state's journal is damaged and was set aside: what was written last is lost; \
         who is signing in begins anew, and links or keys of the last hours may be missing"
    );
    Ok(true)
}

/// Nobody knows any more which codes were redeemed.
pub(super) fn forget_grants(connection: &Connection) -> Result<(), StoreError> {
    let forgotten = connection.execute("DELETE FROM grants", []);
    forgotten
        .map(drop)
        .map_err(|error| failed("forget the grants", error))
}

/// Sets the state aside and opens the copy in its place; without one, a new
/// state. Another program's database is set aside only for a copy.
pub(super) fn mend(
    path: &Path,
    damage: &Damage,
    now: UnixTime,
) -> Result<(OpenState, Loss), StoreError> {
    // A copy that this release cannot read is for the newer one: then nothing
    // is touched.
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
            source: io::Error::other("what took its place is damaged, too"),
        },
    })?;
    let loss = match copy {
        Copied::Good => Loss::Some,
        Copied::Damaged(_) | Copied::Missing => Loss::Everything,
    };
    say(&copy, damage, aside.exists().then_some(aside.as_path()));
    forget_oldest(path);
    // The copy that took its place is none any more, and the day's write may
    // be a day away.
    if let Err(error) = copy::write(path) {
        let error: &dyn Error = &error;
        tracing::warn!(error, "the state cannot be copied");
    }
    Ok((state, loss))
}

/// How it stands with the copy.
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
    check(&connection).map_err(cannot)?
}

/// The state goes first: as long as it is gone, a start that is broken off
/// here goes on with the copy. Its journal must not meet the copy.
fn set_aside(path: &Path, damage: &Damage, now: UnixTime) -> Result<PathBuf, StoreError> {
    let aside = aside(path, now, damage.kind());
    if path.exists() {
        move_away(path, &aside, damage)?;
    }
    if journal(path).exists() {
        move_away(&journal(path), &beside(&aside, "-wal"), damage)?;
    }
    // Only an index of the journal.
    let index = beside(path, "-shm");
    match fs::remove_file(&index) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(cannot_move(&index, damage)(error))
        }
        _ => Ok(aside),
    }
}

/// `aside` is where the state is now, if there was one.
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

/// Such as `state.sqlite3.damaged-20261122T070012Z`; a second one of the same
/// second has a number, and so on, so that they sort by age.
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

/// Names with a time sort by it.
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
            tracing::warn!(file = %file.display(), %error, "an old damaged state stays");
        }
    }
}

/// And not a journal or a copy that goes with one.
fn is_state(aside: &Path) -> bool {
    let name = aside.as_os_str().as_encoded_bytes();
    !name.ends_with(b"-wal") && !name.ends_with(b"-copy")
}

/// <https://sqlite.org/fileformat2.html#the_write_ahead_log>: the header is on
/// the disk before the first frame, so that a power cut does not tear it.
fn is_garbage(journal: &Path) -> bool {
    let mut header = [0; 32];
    let read = File::open(journal).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && !is_header(&header)
}

fn is_header(header: &[u8; 32]) -> bool {
    let words: Vec<[u8; 4]> = header
        .chunks_exact(4)
        .filter_map(|word| word.try_into().ok())
        .collect();
    let big_endian = |word: &[u8; 4]| u32::from_be_bytes(*word);
    let (Some(magic), Some(sums)) = (words.first().map(big_endian), words.get(6..)) else {
        return false;
    };
    // The last bit tells in which order the sums were made.
    let read = match magic {
        0x377f_0682 => u32::from_le_bytes,
        0x377f_0683 => u32::from_be_bytes,
        _ => return false,
    };
    let mut sum = [0u32; 2];
    for pair in words.iter().take(6).collect::<Vec<_>>().chunks_exact(2) {
        if let [first, second] = pair {
            let [a, b] = sum;
            let a = a.wrapping_add(read(**first)).wrapping_add(b);
            sum = [a, b.wrapping_add(read(**second)).wrapping_add(a)];
        }
    }
    sums.iter().map(big_endian).eq(sum)
}
