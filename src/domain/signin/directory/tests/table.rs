//! `table.md`, row by row.

use super::*;

const TABLE: &str = include_str!("table.md");

/// One sign-in, read from a row.
struct Row<'t> {
    text: &'t str,
    identity: GoogleIdentity,
    snapshot: Option<Snapshot>,
    links: Vec<Link>,
    policy: Policy,
    verdict: &'t str,
    remembered: &'t str,
}

#[test]
fn every_row_of_the_table_is_judged_as_it_says() {
    let rows: Vec<Row<'_>> = TABLE.lines().filter_map(row).collect();
    assert!(rows.len() > 110, "only {} rows were read", rows.len());
    let wrong: Vec<String> = rows.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn complaint(row: &Row<'_>) -> Option<String> {
    let judged = judge(
        &row.identity,
        &row.links,
        row.snapshot.as_ref(),
        &row.policy,
        moment(NOW),
    );
    let case = Case {
        identity: &row.identity,
        links: &row.links,
        snapshot: row.snapshot.as_ref(),
        policy: &row.policy,
        moment: moment(NOW),
    };
    explained::is_as_judged(case, &judged);
    let (verdict, remembered) = match &judged {
        Ok(admission) => (
            admission.user.name().as_str().to_owned(),
            remembered(&admission.link, &row.links),
        ),
        Err(refused) => (refused.refusal.name().to_owned(), String::new()),
    };
    let right = verdict == row.verdict && remembered == row.remembered;
    (!right).then(|| format!("{}\n  but: {verdict} | {remembered}", row.text))
}

fn remembered(link: &Link, before: &[Link]) -> String {
    if before.iter().any(|before| before.is_same(link)) {
        return "same".to_owned();
    }
    format!("{} {}", link.by.name(), link.address.as_written())
}

fn row(text: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let [_, google, users, links, words, verdict, remembered, _] = cells[..] else {
        return None;
    };
    if google == "Google" || google.starts_with('-') {
        return None;
    }
    let mut policy = policy();
    let mut age = Duration::ZERO;
    let mut group_was_read = true;
    for word in words.split_whitespace() {
        match word.split_once(':').unwrap_or((word, "")) {
            ("domain", domain) => policy
                .hosted_domains
                .get_or_insert_default()
                .push(domain.to_owned()),
            ("alias", alias) => {
                let (google, dsm) = alias.split_once('=').unwrap();
                let google = CanonicalAddress::of(google).unwrap();
                policy.aliases.insert(google, dsm.to_owned());
            }
            ("deny", name) => {
                policy.denied.insert(FoldedName::of(name));
            }
            ("admins", "refuse") => policy.administrators = AdministratorPolicy::Refuse,
            ("admins", "alias") => policy.administrators = AdministratorPolicy::ByAliasOnly,
            ("authoritative", _) => policy.authoritative_addresses_only = true,
            ("unread", _) => group_was_read = false,
            ("age", age_in_words) => age = humantime::parse_duration(age_in_words).unwrap(),
            _ => panic!("{word} in {text}"),
        }
    }
    let list = (users != "nobody-read-yet").then(|| list(users, group_was_read));
    Some(Row {
        text,
        identity: google_account(google),
        snapshot: list.map(|list| Snapshot::new(Arc::new(list), NOW.minus(age))),
        links: links.split_whitespace().map(link).collect(),
        policy,
        verdict,
        remembered,
    })
}

fn google_account(text: &str) -> GoogleIdentity {
    let mut words = text.split(' ');
    let mut identity = identity(words.next().unwrap(), words.next().unwrap());
    let hosted = words.next().map(|word| word.strip_prefix("hd=").unwrap());
    identity.hosted_domain = hosted.map(str::to_owned);
    identity
}

fn list(text: &str, group_was_read: bool) -> UserList {
    let rows = text.split_whitespace().filter(|word| *word != "-");
    let administrators = rows.clone().filter(|word| word.ends_with('*'));
    let administrators = administrators.map(|word| user(word).name).collect();
    UserList {
        users: rows.map(user).collect(),
        administrators: group_was_read.then_some(administrators),
    }
}

fn user(text: &str) -> ListedUser {
    let (name, rest) = text.trim_end_matches('*').split_once('=').unwrap();
    let (email, expired) = rest.split_once(':').unwrap_or((rest, "normal"));
    ListedUser {
        name: DsmUsername::new(name),
        email: (!email.is_empty()).then(|| email.to_owned()),
        expired: Some(expired.to_owned()),
    }
}

fn link(text: &str) -> Link {
    let (subject, rest) = text.split_once('>').unwrap();
    let parts: Vec<&str> = rest.split(':').collect();
    let account = match subject.strip_prefix("old-issuer/") {
        Some(subject) => GoogleAccount {
            issuer: GoogleIssuer::new("https://old.example"),
            subject: GoogleSubject::new(subject),
        },
        None => account(subject),
    };
    Link {
        account,
        user: DsmUsername::new(parts[0]),
        address: VerifiedAddress::vouched_for(parts[1].to_owned()),
        by: match parts.get(2) {
            Some(&"alias") => LinkedBy::Alias,
            Some(&"administrator") => LinkedBy::Administrator,
            Some(by) => panic!("{by} in {text}"),
            None => LinkedBy::Address,
        },
        since: UnixTime::from_seconds(0),
        moved: None,
    }
}
